using System.Security.Cryptography;
using System.Text;
using LeadGrain.Gateway.Idempotency;
using Microsoft.Extensions.Primitives;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>The Idempotency-Key of a post. No key is a reason to refuse a lead.</summary>
internal static class LeadKey
{
    private const int LoggedBytes = 6;

    /// <summary>The key as it is kept: as given where it can be, else a hash of it. Null: none.</summary>
    internal static string? Of(StringValues values)
    {
        var key = values.Count == 0 ? null : values.ToString();
        return string.IsNullOrWhiteSpace(key) ? null
            : key.Length <= IdempotencyKey.MaxLength && !key.AsSpan().ContainsAnyExceptInRange(' ', '~') ? key
            : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
    }

    /// <summary>A key as it may be logged: it can be an email, so only the start of its hash.</summary>
    internal static string? ForLog(string? key)
        => key is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, LoggedBytes));
}
