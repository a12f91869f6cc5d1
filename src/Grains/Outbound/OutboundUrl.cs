using System.Net.Http.Headers;
using System.Reflection;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Grains.Outbound;

/// <summary>What an address must be before keys and emails are sent to it. Objections never quote the address: it may hold a password.</summary>
internal static class OutboundUrl
{
    /// <summary>Why this base address cannot be used; null where it can.</summary>
    public static string? Objection(Uri url, bool allowInsecure)
    {
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
        {
            return "must be an absolute https address";
        }

        if (url.Query.Length > 0 || url.Fragment.Length > 0 || url.UserInfo.Length > 0)
        {
            return "must be a base address, without user, query or fragment";
        }

        return OutboundAddress.Refusal("It", url.AbsoluteUri, allowInsecure) is null
            ? null
            : $"must be https (or a loopback address), since keys and emails are sent to it; set {OutboundAddress.AllowSetting}=true to allow plain http";
    }

    /// <summary>How this product names itself to services.</summary>
    public static ProductInfoHeaderValue UserAgent { get; } = new("LeadGrain", Version());

    /// <summary>An address below a base that may or may not end with a slash, and may have a path.</summary>
    public static Uri Below(Uri baseUrl, string relative) => new($"{baseUrl.AbsoluteUri.TrimEnd('/')}/{relative}");

    private static string Version() =>
        typeof(OutboundUrl).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
