using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Grains.Routing;

/// <summary>Holds signed deliveries against an organization's secrets.</summary>
internal static class DeliveryCheck
{
    internal const string Hmac = "clay-hmac";
    internal const string PreviousHmac = "clay-hmac-previous";
    internal const string Token = "clay-token";

    private const string Prefix = "sha256=";

    private static readonly string[] s_clay = [Hmac, PreviousHmac, Token];
    private static readonly string[] s_smartlead = [CampaignSecrets.SmartleadWebhook, $"{CampaignSecrets.SmartleadWebhook}-previous"];

    // Stands in for a secret that is not there, so that its absence takes as long to find as a wrong signature.
    private static readonly byte[] s_nobodys = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);

    /// <summary>The secrets of a sender: the newest, the one before it, and, where it has one, the token.</summary>
    internal static string[] NamesOf(DeliverySender sender) => sender == DeliverySender.Clay ? s_clay : s_smartlead;

    /// <summary>Whether a proof holds, in a time that says nothing of the secrets.</summary>
    internal static bool Holds(DeliveryProof proof, IReadOnlyDictionary<string, string> secrets)
    {
        var names = NamesOf(proof.Sender);
        var bySignature = IsSigned(proof, secrets, names[0]) | IsSigned(proof, secrets, names[1]);
        return bySignature | (proof.Sender == DeliverySender.Clay && HasToken(proof, secrets));
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
