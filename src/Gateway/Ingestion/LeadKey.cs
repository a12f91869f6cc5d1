using System.Security.Cryptography;
using System.Text;
using LeadGrain.Gateway.Idempotency;
using Microsoft.Extensions.Primitives;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>The Idempotency-Key of a post. No key is a reason to refuse a lead.</summary>
internal static class LeadKey
{
    private const int LoggedBytes = 6;
    private const string ImportPrefix = "import:";

    /// <summary>The key as it is kept: as given where it can be, else a hash of it. Null: none.</summary>
    internal static string? Of(StringValues values)
    {
        var key = values.Count == 0 ? null : values.ToString();
        return string.IsNullOrWhiteSpace(key) ? null
            : key.Length <= IdempotencyKey.MaxLength && !key.AsSpan().ContainsAnyExceptInRange(' ', '~') && !IsOfImport(key) ? key
            : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
    }

    /// <summary>The key of a row of an import, which no caller can give.</summary>
    internal static string OfRow(byte[] body) => $"{ImportPrefix}{Convert.ToHexStringLower(SHA256.HashData(body))}";

    /// <summary>A key as it may be logged: it can be an email, so only the start of its hash.</summary>
    internal static string? ForLog(string? key)
        => key is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, LoggedBytes));

    // Under a row's key anyone could post first what is to be imported, and the row would be a duplicate of that.
    private static bool IsOfImport(string key) => key.StartsWith(ImportPrefix, StringComparison.Ordinal);
}
