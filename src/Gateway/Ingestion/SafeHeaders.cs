using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using LeadGrain.Gateway.Idempotency;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>The headers of a post as the raw log keeps them: all but those that could hold a secret.</summary>
internal static class SafeHeaders
{
    private static readonly string[] s_secretWords =
        ["auth", "cookie", "key", "secret", "signature", "token", "password", "credential", "session", "hmac", "jwt"];

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A JSON object in UTF-8; a header that was given several times is an array.</summary>
    internal static byte[] ToJson(IHeaderDictionary headers)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(bytes, s_options);
        json.WriteStartObject();
        foreach (var (name, values) in headers)
        {
            if (IsSecret(name))
            {
                continue;
            }

            if (values.Count == 1)
            {
                json.WriteString(name, values[0]);
                continue;
            }

            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    internal static bool IsSecret(string name)
    {
        if (name.Equals(IdempotencyKey.Header, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        foreach (var word in s_secretWords)
        {
            if (name.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
