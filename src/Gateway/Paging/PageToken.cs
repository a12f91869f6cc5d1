using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.Gateway.Paging;

/// <summary>
/// A list's position as callers see it: base64url of a version, the position and a truncated HMAC over both and the
/// scope (route, tenant, filters). A token made for another scope, or by anyone else, does not open.
/// </summary>
internal static class PageToken
{
    private const byte Version = 1;

    // 128 bits: not to be guessed, half the length on the wire.
    private const int MacLength = 16;

    // The longest position is a namespace of 255 characters at 3 bytes.
    private const int MaxTokenLength = 1200;

    internal static string Seal(byte[] key, byte[] scope, ReadOnlySpan<byte> position)
    {
        var token = new byte[1 + position.Length + MacLength];
        token[0] = Version;
        position.CopyTo(token.AsSpan(1));
        Mac(key, scope, token.AsSpan(0, 1 + position.Length), token.AsSpan(1 + position.Length, MacLength));
        return Base64Url.EncodeToString(token);
    }

    /// <summary>The position, or null where the token is not of this key and scope.</summary>
    internal static byte[]? Open(byte[] key, byte[] scope, string token)
    {
        Span<byte> bytes = stackalloc byte[MaxTokenLength];
        if (token.Length > MaxTokenLength
            || Base64Url.DecodeFromChars(token, bytes, out _, out var length) != OperationStatus.Done
            || length < 1 + MacLength
            || bytes[0] != Version
            // One position has one spelling: no padding, no whitespace, no stray bits at the end.
            || Base64Url.EncodeToString(bytes[..length]) != token)
        {
            return null;
        }

        var signed = bytes[..(length - MacLength)];
        Span<byte> mac = stackalloc byte[MacLength];
        Mac(key, scope, signed, mac);
        return CryptographicOperations.FixedTimeEquals(mac, bytes[(length - MacLength)..length]) ? signed[1..].ToArray() : null;
    }

    /// <summary>Names what a token is good for. Parts are length-prefixed, so that no two lists of them look alike.</summary>
    internal static byte[] Scope(params ReadOnlySpan<string?> parts)
    {
        using var scope = new MemoryStream();
        Span<byte> prefix = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            var utf8 = part is null ? [] : Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32LittleEndian(prefix, part is null ? -1 : utf8.Length);
            scope.Write(prefix);
            scope.Write(utf8);
        }

        return scope.ToArray();
    }

    private static void Mac(byte[] key, byte[] scope, ReadOnlySpan<byte> signed, Span<byte> mac)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Span<byte> prefix = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(prefix, scope.Length);
        hmac.AppendData(prefix);
        hmac.AppendData(scope);
        hmac.AppendData(signed);
        Span<byte> full = stackalloc byte[SHA256.HashSizeInBytes];
        hmac.GetHashAndReset(full);
        full[..mac.Length].CopyTo(mac);
    }
}
