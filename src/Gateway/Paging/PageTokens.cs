using System.Security.Cryptography;
using LeadGrain.Gateway.Security;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Paging;

/// <summary>Seals and opens page tokens under a key of this grid, the same on each of its processes.</summary>
internal sealed class PageTokens(IOptions<SecurityOptions> options)
{
    private const int KeyLength = 32;

    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, options.Value.ApiKeyHash, KeyLength, info: "leadgrain page tokens v1"u8.ToArray());

    internal string Seal(byte[] scope, ReadOnlySpan<byte> position) => PageToken.Seal(_key, scope, position);

    internal byte[]? Open(byte[] scope, string token) => PageToken.Open(_key, scope, token);
}
