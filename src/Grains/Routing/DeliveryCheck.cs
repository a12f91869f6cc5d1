using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>Holds signed deliveries against an organization's secrets.</summary>
internal static class DeliveryCheck
{
    internal const string Hmac = "clay-hmac";
    internal const string PreviousHmac = "clay-hmac-previous";
    internal const string Token = "clay-token";

    private const string Prefix = "sha256=";

    internal static readonly string[] SecretNames = [Hmac, PreviousHmac, Token];

    // Stands in for a secret that is not there, so that its absence takes as long to find as a wrong signature.
    private static readonly byte[] s_nobodys = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);

    /// <summary>Whether a proof holds, in a time that says nothing of the secrets.</summary>
    internal static bool Holds(DeliveryProof proof, IReadOnlyDictionary<string, string> secrets)
    {
        var bySignature = IsSigned(proof, secrets, Hmac) | IsSigned(proof, secrets, PreviousHmac);
        return bySignature | HasToken(proof, secrets);
    }

    private static bool IsSigned(DeliveryProof proof, IReadOnlyDictionary<string, string> secrets, string name)
    {
        var secret = secrets.TryGetValue(name, out var text) ? Encoding.UTF8.GetBytes(text) : null;
        Span<byte> right = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret ?? s_nobodys, proof.Body, right);
        given.Clear();
        var isHex = TryRead(proof.Signature, given);
        return CryptographicOperations.FixedTimeEquals(right, given) & isHex & secret is not null;
    }

    private static bool TryRead(string? signature, Span<byte> bytes)
    {
        var hex = signature.AsSpan().Trim();
        if (hex.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            hex = hex[Prefix.Length..];
        }

        return hex.Length == bytes.Length * 2
            && Convert.FromHexString(hex, bytes, out _, out var written) == System.Buffers.OperationStatus.Done && written == bytes.Length;
    }

    private static bool HasToken(DeliveryProof proof, IReadOnlyDictionary<string, string> secrets)
    {
        var secret = secrets.TryGetValue(Token, out var text) ? Encoding.UTF8.GetBytes(text) : null;
        Span<byte> right = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(secret ?? s_nobodys, right);
        SHA256.HashData(Encoding.UTF8.GetBytes(proof.Token ?? ""), given);
        return CryptographicOperations.FixedTimeEquals(right, given) & secret is not null & proof.Token is not null;
    }
}
