using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>The vendor's rate limit: so many requests in any window, those that are refused for it included.</summary>
internal sealed class SmartleadRate(FakeSmartleadOptions options)
{
    private readonly Lock _lock = new();
    private readonly Queue<DateTimeOffset> _times = new();

    /// <summary>Counts a request.</summary>
    /// <returns>Seconds to wait where the limit is passed; null where it is not.</returns>
    public int? Take(DateTimeOffset now, IHeaderDictionary headers)
    {
        lock (_lock)
        {
            while (_times.TryPeek(out var oldest) && now - oldest >= options.Window)
            {
                _times.Dequeue();
            }

            var passes = _times.Count < options.RateLimit;
            _times.Enqueue(now);
            var reset = _times.Peek() + options.Window;
            headers["X-RateLimit-Limit"] = options.RateLimit.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = Math.Max(0, options.RateLimit - _times.Count).ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Reset"] = reset.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            return passes ? null : Math.Max(1, (int)Math.Ceiling((reset - now).TotalSeconds));
        }
    }
}
