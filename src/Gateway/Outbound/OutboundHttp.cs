using System.Globalization;
using System.Net.Http.Headers;

namespace LeadGrain.Gateway.Outbound;

internal static class OutboundHttp
{
    /// <summary>A client that follows no redirect, keeps no cookie, and reads at most 64 KiB of an answer.</summary>
    public static HttpClient Client(TimeSpan timeout)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // so that a changed DNS answer is followed
            ConnectTimeout = timeout,
        };
        return new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = 64 * 1024 };
    }

    /// <summary>How long a Retry-After header asks to wait; null when there is none that can be read.</summary>
    public static TimeSpan? RetryAfter(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (!headers.TryGetValues("Retry-After", out var values))
        {
            return null;
        }

        var value = values.FirstOrDefault();
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e6)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return null;
        }

        return at > now ? at - now : TimeSpan.Zero;
    }
}
