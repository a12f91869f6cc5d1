using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Security;

/// <summary>Knows the keys. The one place to ask when organizations get keys of their own.</summary>
internal sealed class ApiKeys(IOptions<SecurityOptions> options)
{
    // Far beyond any key that is made; longer ones are refused unhashed.
    private const int LongestUtf8 = 1024;

    private readonly byte[] _hash = options.Value.ApiKeyHash;

    /// <summary>Whether a presented key opens the door, in a time that says nothing of the right key.</summary>
    internal bool Accept(ReadOnlySpan<char> presented)
    {
        Span<byte> utf8 = stackalloc byte[LongestUtf8];
        if (presented.IsEmpty || !Encoding.UTF8.TryGetBytes(presented, utf8, out var length))
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..length], hash);
        return CryptographicOperations.FixedTimeEquals(hash, _hash);
    }
}
