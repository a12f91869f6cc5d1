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

    internal static void WriteNext(Utf8JsonWriter json, PullOutcome outcome)
    {
        json.WriteStartObject();
        json.WriteBoolean("found"u8, outcome is PullOutcome.Served);
        if (outcome is PullOutcome.Served served)
        {
            json.WriteStartObject("lead"u8);
            json.WriteString("email"u8, served.Lead.Email);
            json.WriteString("externalId"u8, served.Lead.ExternalId);
            json.WritePropertyName("data"u8);
            if (served.Lead.Data is { } data)
            {
                // Checked when it came in; to be handed back byte for byte.
                json.WriteRawValue(data, skipInputValidation: true);
            }
            else
            {
                json.WriteNullValue();
            }

            json.WriteString("brandId"u8, served.Origin.BrandId);
            json.WriteString("clerkOrgId"u8, served.Origin.ClerkOrgId);
            json.WriteString("clerkUserId"u8, served.Origin.ClerkUserId);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
