using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Gateway.Errors;

internal static class SentryRateLimit
{
    private static readonly TimeSpan s_unnamed = TimeSpan.FromSeconds(60); // what Sentry's protocol says for a 429 that names no time

    /// <summary>How long no error event may be sent after this answer; null when one may at once.</summary>
    public static TimeSpan? Pause(HttpStatusCode status, HttpResponseHeaders headers, DateTimeOffset now)
    {
        // Where Sentry names limits per category, they stand in place of the plain Retry-After.
        if (headers.TryGetValues("X-Sentry-Rate-Limits", out var limits))
        {
            return Pause(string.Join(',', limits));
        }

        return status is HttpStatusCode.TooManyRequests ? RetryAfter.Of(headers, now) ?? s_unnamed : null;
    }

    /// <summary>Reads <c>60:error;default:organization, 2700::key</c>: seconds, categories (none: all), scope, and more.</summary>
    public static TimeSpan? Pause(string limits)
    {
        TimeSpan? longest = null;
        foreach (var limit in limits.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = limit.Split(':');
            if (!double.TryParse(parts[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || seconds > 1e6)
            {
                continue;
            }

            var categories = parts.Length > 1 ? parts[1] : "";
            if (categories.Length > 0 && !categories.Split(';').Contains("error", StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            var pause = TimeSpan.FromSeconds(seconds);
            longest = longest > pause ? longest : pause;
        }
        return longest;
    }
}
