using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Security;

/// <summary>Knows the grid's own key, by its hash.</summary>
internal sealed class GridKey(IOptions<SecurityOptions> options)
{
    // Far beyond any key that is made; longer ones are refused unhashed.
    private const int LongestUtf8 = 1024;

    private readonly byte[] _hash = options.Value.ApiKeyHash;

    // The right key, once it was presented: comparing spares most requests the hashing.
    private byte[]? _accepted;

    /// <summary>Whether a presented key opens the door, in a time that says nothing of the right key.</summary>
    internal bool Accept(ReadOnlySpan<char> presented)
    {
        Span<byte> utf8 = stackalloc byte[LongestUtf8];
        if (presented.IsEmpty || !Encoding.UTF8.TryGetBytes(presented, utf8, out var length))
        {
            return false;
        }

        if (CryptographicOperations.FixedTimeEquals(utf8[..length], _accepted))
        {
            return true;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..length], hash);
        var isRight = CryptographicOperations.FixedTimeEquals(hash, _hash);
        if (isRight)
        {
            _accepted = utf8[..length].ToArray();
        }

        return isRight;
    }
}
