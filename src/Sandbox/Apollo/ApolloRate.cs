using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Sandbox.Apollo;

/// <summary>The vendor's rate limit: so many requests in each minute of the clock.</summary>
internal sealed class ApolloRate(int? perMinute, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _minute;
    private int _used;

    /// <summary>Counts a request.</summary>
    /// <returns>Seconds until the next minute where the limit is passed; null where it is not.</returns>
    public int? Take(IHeaderDictionary headers)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            if (now / 60 != _minute)
            {
                (_minute, _used) = (now / 60, 0);
            }

            var passes = perMinute is not { } limit || _used < limit;
            _used += passes ? 1 : 0;
            Write(headers, "minute", perMinute, _used);
            Write(headers, "hourly", null, _used);
            Write(headers, "24-hour", null, _used);
            return passes ? null : (int)(60 - (now % 60));
        }
    }

    // An empty value means that there is no limit.
    private static void Write(IHeaderDictionary headers, string window, int? limit, int used)
    {
        headers[$"x-rate-limit-{window}"] = limit?.ToString(CultureInfo.InvariantCulture) ?? "";
        headers[$"x-{window}-usage"] = used.ToString(CultureInfo.InvariantCulture);
        headers[$"x-{window}-requests-left"] = (limit - used)?.ToString(CultureInfo.InvariantCulture) ?? "";
    }
}
