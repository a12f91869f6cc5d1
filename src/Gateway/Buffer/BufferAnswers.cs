using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Gateway.Buffer;

internal static class BufferAnswers
{
    internal static void WritePush(Utf8JsonWriter json, PushOutcome outcome)
    {
        json.WriteStartObject();
        json.WriteNumber("buffered"u8, outcome.Buffered);
        json.WriteNumber("skippedAlreadyServed"u8, outcome.SkippedAlreadyServed);
        json.WriteEndObject();
    }

    /// <summary>The answer to a pull without a count.</summary>
    internal static void WriteNext(Utf8JsonWriter json, PullOutcome outcome)
    {
        WriteHead(json, outcome);
        if (outcome is PullOutcome.Served served)
        {
            json.WritePropertyName("lead"u8);
            WritePulled(json, served.Leads[0]);
        }

        json.WriteEndObject();
    }

    /// <summary>The answer to a pull with a count.</summary>
    internal static void WriteBulk(Utf8JsonWriter json, PullOutcome outcome)
    {
        WriteHead(json, outcome);
        json.WriteStartArray("leads"u8);
        if (outcome is PullOutcome.Served served)
        {
            foreach (var lead in served.Leads)
            {
                WritePulled(json, lead);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What came with the push and is kept as it came.</summary>
    internal static void WriteOrigin(Utf8JsonWriter json, LeadOrigin origin)
    {
        json.WriteString("brandId"u8, origin.BrandId);
        json.WriteString("clerkOrgId"u8, origin.ClerkOrgId);
        json.WriteString("clerkUserId"u8, origin.ClerkUserId);
    }

    /// <summary>Email, external id and data.</summary>
    internal static void WriteLead(Utf8JsonWriter json, NewLead lead)
    {
        json.WriteString("email"u8, lead.Email);
        json.WriteString("externalId"u8, lead.ExternalId);
        json.WritePropertyName("data"u8);
        if (lead.Data is { } data)
        {
            // Checked when it came in; to be handed back byte for byte.
            json.WriteRawValue(data, skipInputValidation: true);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteHead(Utf8JsonWriter json, PullOutcome outcome)
    {
        json.WriteStartObject();
        json.WriteBoolean("found"u8, outcome is PullOutcome.Served);
        if (outcome is PullOutcome.Paused)
        {
            json.WriteBoolean("paused"u8, true);
        }
    }

    private static void WritePulled(Utf8JsonWriter json, PulledLead pulled)
    {
        json.WriteStartObject();
        WriteLead(json, pulled.Lead);
        WriteOrigin(json, pulled.Origin);
        if (pulled.Lease is { } lease)
        {
            json.WriteString("leaseId"u8, lease.Id);
            json.WriteString("leaseExpiresAt"u8, lease.ExpiresAt.UtcDateTime);
            json.WriteNumber("attempt"u8, lease.Attempt);
        }

        json.WriteEndObject();
    }
}
