namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>The form of an email by which every deduplication goes: trimmed and lower-cased. The address itself is kept as given.</summary>
public static class EmailKey
{
    /// <summary>The longest accepted address: 64 characters of local part, the at sign, 255 of domain (RFC 5321, 4.5.3.1).</summary>
    public const int MaxLength = 320;

    /// <summary>Normalizes an address. Pure and idempotent: a key's key is the key.</summary>
    public static string Of(string email) => email.Trim().ToLowerInvariant();
}
