using System.Text;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>Writes the raw log.</summary>
internal static class RawAnswers
{
    private const string Masked = "***";

    // What is deeper is masked as a whole; JSON readers refuse much more than this.
    private const int MaxDepth = 64;

    internal static void WritePage(Utf8JsonWriter json, (RawPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("entries"u8);
        foreach (var entry in answer.Page.Entries)
        {
            WriteEntry(json, entry);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    internal static void WriteDocument(Utf8JsonWriter json, (RawDocument Document, bool Redact) answer)
    {
        var (document, redact) = answer;
        json.WriteStartObject();
        json.WritePropertyName("entry"u8);
        WriteEntry(json, document.Entry);
        json.WriteString("remoteAddress"u8, redact ? Masked : document.Post.RemoteAddress);
        json.WriteString("query"u8, redact && document.Post.Query is not null ? Masked : document.Post.Query);
        json.WritePropertyName("headers"u8);
        Write(json, document.Post.Headers, redact);
        json.WritePropertyName("body"u8);
        if (redact)
        {
            WriteStructure(json, document.Post);
            json.WriteNull("bodyBase64"u8);
        }
        else
        {
            json.WriteNullValue();
            json.WriteBase64String("bodyBase64"u8, document.Post.Body);
        }

        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, RawEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, entry.Id);
        json.WriteString("receivedAt"u8, entry.ReceivedAt.UtcDateTime);
        json.WriteString("state"u8, entry.State);
        json.WriteString("reason"u8, entry.Reason);
        json.WriteString("leadId"u8, entry.LeadId);
        json.WriteString("contentType"u8, entry.ContentType);
        json.WriteString("contentEncoding"u8, entry.ContentEncoding);
        json.WriteNumber("bytes"u8, entry.Bytes);
        json.WriteString("requestId"u8, entry.RequestId);
        json.WriteEndObject();
    }

    // Only JSON has a structure to show; of anything else nothing is shown.
    private static void WriteStructure(Utf8JsonWriter json, RawPost post)
    {
        if (ContentCoding.TryDecode(post.Body, post.ContentEncoding, RawPost.MaxBytes, out var plain) == DecodeResult.Decoded)
        {
            Write(json, plain, redact: true);
        }
        else
        {
            json.WriteStringValue(Masked);
        }
    }

    private static void Write(Utf8JsonWriter json, ReadOnlyMemory<byte> text, bool redact)
    {
        if (!redact)
        {
            json.WriteRawValue(text.Span, skipInputValidation: true);
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            Mask(json, document.RootElement);
        }
        catch (JsonException)
        {
            json.WriteStringValue(Masked);
        }
    }

    private static void Mask(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(Name(member));
                    Mask(json, member.Value);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Mask(json, item);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.Null:
                json.WriteNullValue();
                break;
            default:
                json.WriteStringValue(Masked);
                break;
        }
    }

    // A member's name can be data itself, or no text at all; what looks like a name is shown.
    private static string Name(JsonProperty member)
    {
        try
        {
            return member.Name is { Length: <= 64 } name && !name.Contains('@', StringComparison.Ordinal) ? name : Masked;
        }
        catch (InvalidOperationException)
        {
            return Masked;
        }
    }
}
