using System.Net;

namespace LeadGrain.GrainInterfaces.Outbound;

/// <summary>Where this process may send to: https anywhere, plain http to this machine only.</summary>
public static class OutboundAddress
{
    /// <summary>The setting that lifts the rule, for private networks without TLS.</summary>
    public const string AllowSetting = "ALLOW_INSECURE_OUTBOUND";

    /// <summary>Whether that setting's value lifts it.</summary>
    public static bool Allows(string? setting) => bool.TryParse(setting, out var allows) && allows;

    /// <summary>Why <paramref name="url"/> may not be sent to, or null. The answer names the setting and never the URL,
    /// which may hold a key.</summary>
    public static string? Refusal(string setting, string url, bool allowInsecure)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || !HasHost(uri)
            || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            return $"{setting} is not an absolute http or https URL.";
        }

        return uri.Scheme == Uri.UriSchemeHttps || allowInsecure || IsLoopback(uri)
            ? null
            : $"{setting} must be an https URL or name this machine (localhost, 127.0.0.1, [::1]); set {AllowSetting}=true to allow plain http.";
    }

    // A host that DNS cannot write is found out where it is asked for, as HttpClient does.
    private static bool HasHost(Uri uri)
    {
        try
        {
            return uri.IdnHost.Length > 0;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }

    // Uri.IsLoopback also counts this machine's host name, which may resolve to a public address.
    private static bool IsLoopback(Uri uri) =>
        string.Equals(uri.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(uri.DnsSafeHost, out var address) && IPAddress.IsLoopback(address));
}
