using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Signatures by https://www.standardwebhooks.com (version 1, symmetric).</summary>
internal static class StandardWebhook
{
    internal const string IdHeader = "webhook-id";
    internal const string TimestampHeader = "webhook-timestamp";
    internal const string SignatureHeader = "webhook-signature";

    private const string Prefix = "whsec_";

    // The standard asks for 24 to 64.
    private const int SecretLength = 32;

    /// <summary>A new secret, as its receiver is given it.</summary>
    internal static string NewSecret() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretLength));

    /// <summary>The value of webhook-signature: one signature for each secret, so that a receiver may know either. Pure.</summary>
    internal static string Sign(IEnumerable<string> secrets, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes($"{id}.{Timestamp(at)}.");
        var signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Key(secret), signed))}"));
    }

    /// <summary>Seconds since 1970.</summary>
    internal static string Timestamp(DateTimeOffset at) => at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    // A secret that a user has set need not be of our making: then its own bytes are the key.
    private static byte[] Key(string secret)
    {
        var text = secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret[Prefix.Length..] : null;
        var bytes = new byte[text?.Length ?? 0];
        return text is not null && Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : Encoding.UTF8.GetBytes(secret);
    }
}
