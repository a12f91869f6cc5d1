using System.Diagnostics.CodeAnalysis;

namespace LeadGrain.Grains.Secrets;

/// <summary>The keys that secrets are sealed with: the first seals, all open.</summary>
internal sealed record SecretRing(IReadOnlyList<SecretRing.Key> Keys)
{
    private const int KeyLength = 32;
    private const int MaxIdLength = 32;

    /// <summary>Reads <c>id:base64,id2:base64</c>; blank is an empty ring.</summary>
    /// <exception cref="FormatException">Not such a ring. The message holds nothing of the keys.</exception>
    internal static SecretRing Parse(string? text)
        => TryParse(text, out var ring, out var fault) ? ring : throw new FormatException($"SECRET_KEYS {fault}");

    internal static bool TryParse(string? text, [NotNullWhen(true)] out SecretRing? ring, [NotNullWhen(false)] out string? fault)
    {
        (ring, fault) = (null, null);
        var keys = new List<Key>();
        foreach (var entry in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            var id = colon > 0 ? entry[..colon] : "";
            if (id.Length is 0 or > MaxIdLength || !id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            {
                fault = $"must be id:base64 pairs joined by commas; an id is 1 to {MaxIdLength} letters, digits, - or _.";
                return false;
            }

            var bytes = new byte[KeyLength + 1];
            if (!Convert.TryFromBase64String(entry[(colon + 1)..], bytes, out var length) || length != KeyLength)
            {
                fault = $"has a key under {id} that is not {KeyLength} bytes in base64.";
                return false;
            }

            if (keys.Exists(k => k.Id == id))
            {
                fault = $"names {id} twice.";
                return false;
            }

            keys.Add(new Key(id, bytes[..KeyLength]));
        }

        ring = new SecretRing(keys);
        return true;
    }

    internal Key? Find(string id) => Keys.FirstOrDefault(k => k.Id == id);

    /// <summary>One key of the ring.</summary>
    internal sealed record Key(string Id, byte[] Bytes)
    {
        // A record's own would print the bytes' type only, but whoever changes that must not print a key.
        public override string ToString() => Id;
    }
}
