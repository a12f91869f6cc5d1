using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using LeadGrain.Gateway.Idempotency;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>The headers of a post as the raw log keeps them: all but those that could hold a secret, Referer without its query.</summary>
internal static class SafeHeaders
{
    private static readonly SearchValues<string> s_secretParts = SearchValues.Create(
        ["auth", "cookie", "key", "secret", "signature", "token", "password", "passcode", "passphrase", "credential", "session", "hmac", "jwt"],
        StringComparison.OrdinalIgnoreCase);

    // Too short to be looked for within other words.
    private static readonly string[] s_secretWords = ["sig", "sign", "pin", "pass", "pwd", "otp"];

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
                json.WriteString(name, ValueOf(name, values[0]));
                continue;
            }

            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStringValue(ValueOf(name, value));
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

        return name.AsSpan().ContainsAny(s_secretParts) || HasSecretWord(name);
    }

    private static bool HasSecretWord(ReadOnlySpan<char> name)
    {
        foreach (var range in name.SplitAny('-', '_', '.'))
        {
            foreach (var word in s_secretWords)
            {
                if (name[range].Equals(word, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // The query of the page that posts may hold what a visitor was let in by.
    private static string? ValueOf(string name, string? value)
        => value is not null && name.Equals(HeaderNames.Referer, StringComparison.OrdinalIgnoreCase) && value.AsSpan().IndexOfAny('?', '#') is >= 0 and var end
            ? value[..end]
            : value;
}
