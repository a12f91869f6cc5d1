using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.Gateway.Security;

/// <summary>Who may call.</summary>
public sealed class SecurityOptions
{
    /// <summary>SHA-256 of the API key in UTF-8, 32 bytes. The key itself is never kept.</summary>
    public byte[] ApiKeyHash { get; set; } = [];

    /// <summary>The hash of a key.</summary>
    public static byte[] Hash(string apiKey) => SHA256.HashData(Encoding.UTF8.GetBytes(apiKey));
}
