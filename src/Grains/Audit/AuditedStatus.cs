using System.Text.Json;

namespace LeadGrain.Grains.Audit;

/// <summary>A lead's status before and after a push or its way out of the holding pool, as the audit log tells it: raw UTF-8 JSON.</summary>
internal static class AuditedStatus
{
    /// <summary>Of a lead that waits for its campaign or namespace, or in the holding pool.</summary>
    internal static byte[] Held { get; } = """{"status":"HELD"}"""u8.ToArray();

    /// <summary>Of a lead that was refused, or is out of attempts.</summary>
    internal static byte[] Dead { get; } = """{"status":"DEAD"}"""u8.ToArray();

    /// <summary>After a push.</summary>
    /// <param name="status">The lead's.</param>
    /// <param name="kind">campaign or namespace.</param>
    /// <param name="target">Which one.</param>
    /// <param name="error">Why it failed; null where it did not.</param>
    internal static byte[] Of(string status, string kind, string target, string? error = null)
    {
        using var bytes = new MemoryStream(96);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("status"u8, status);
            json.WriteString(kind, target);
            if (error is not null)
            {
                json.WriteString("error"u8, error);
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
