using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Organizations;

/// <summary>
/// The RateLimit fields in the form that clients know best (draft-ietf-httpapi-ratelimit-headers-06): three plain numbers
/// and the policy. Later drafts fold them into two structured fields, which few clients read yet.
/// </summary>
internal static class RateLimitHeaders
{
    internal const string Limit = "RateLimit-Limit";
    internal const string Remaining = "RateLimit-Remaining";
    internal const string Reset = "RateLimit-Reset";
    internal const string Policy = "RateLimit-Policy";

    /// <summary>What a refusal by any limit has.</summary>
    internal static readonly string[] OfAnyLimit = [Limit, Remaining, Reset];

    /// <summary>What every answer has where a rate is set.</summary>
    internal static readonly string[] OfRate = [.. OfAnyLimit, Policy];

    internal static void Set(IHeaderDictionary headers, RequestQuota quota, QuotaDecision decision)
    {
        headers[Limit] = quota.LimitText;
        headers[Remaining] = decision.Remaining.ToString(CultureInfo.InvariantCulture);
        headers[Reset] = decision.ResetSeconds.ToString(CultureInfo.InvariantCulture);
        headers[Policy] = quota.PolicyText;
    }

    /// <summary>
    /// For a request over the number of requests that may be under way, or over the leases that may run: when one ends cannot
    /// be known, so it says a second.
    /// </summary>
    internal static void SetUsedUp(IHeaderDictionary headers, int limit)
    {
        headers.Remove(Policy); // of the rate, which is another limit
        headers[Limit] = limit.ToString(CultureInfo.InvariantCulture);
        headers[Remaining] = "0";
        headers[Reset] = "1";
    }
}

/// <summary>Marks an endpoint that counts against its organization's rate, and tells of it in every answer.</summary>
internal sealed class RateLimited
{
    internal static readonly RateLimited Instance = new();
}
