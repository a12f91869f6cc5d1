using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace LeadGrain.Gateway.Access;

/// <summary>The form of organizations' keys: <c>lgk_</c>, an id to find them by, and a secret.</summary>
internal static class OrganizationKeyText
{
    internal const int IdLength = 16;

    private const string Prefix = "lgk_";
    private const int SecretBytes = 32;
    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    private const int Length = 4 + IdLength + 1 + (SecretBytes * 2);

    /// <summary>Makes a key.</summary>
    internal static (string Id, string Key) Make()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength / 2));
        return (id, $"{Prefix}{id}_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes))}");
    }

    /// <summary>The id of a text that has the form of a key.</summary>
    internal static bool TryReadId(string key, [NotNullWhen(true)] out string? id)
    {
        id = null;
        if (key.Length == Length && key.StartsWith(Prefix, StringComparison.Ordinal) && key[Prefix.Length + IdLength] == '_'
            && IsHex(key.AsSpan(Prefix.Length, IdLength)) && IsHex(key.AsSpan(Prefix.Length + IdLength + 1)))
        {
            id = key.Substring(Prefix.Length, IdLength);
        }

        return id is not null;
    }

    /// <summary>Whether a text has the form of an id.</summary>
    internal static bool IsId(string text) => text.Length == IdLength && IsHex(text);

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(s_hex);
}
