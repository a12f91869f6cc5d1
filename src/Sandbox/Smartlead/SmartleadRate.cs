using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>The vendor's rate limits: so many requests of a key in any window, those that are refused for it included.</summary>
internal sealed class SmartleadRate(FakeSmartleadOptions options)
{
    private static readonly TimeSpan s_burst = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<DateTimeOffset>> _times = [];

    /// <summary>Counts a request.</summary>
    /// <returns>Seconds to wait where a limit is passed; null where none is.</returns>
    public int? Take(DateTimeOffset now, string key, IHeaderDictionary headers)
    {
        lock (_lock)
        {
            if (!_times.TryGetValue(key, out var times))
            {
                _times.Add(key, times = new Queue<DateTimeOffset>());
            }

            while (times.TryPeek(out var oldest) && now - oldest >= options.Window)
            {
                times.Dequeue();
            }

            var burst = times.Count(time => now - time < s_burst);
            var (passes, bursts) = (times.Count < options.RateLimit, burst >= options.BurstLimit);
            times.Enqueue(now);
            var reset = passes && bursts ? now + s_burst : times.Peek() + options.Window;
            headers["X-RateLimit-Limit"] = options.RateLimit.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = Math.Max(0, options.RateLimit - times.Count).ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Reset"] = reset.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            return passes && !bursts ? null : Math.Max(1, (int)Math.Ceiling((reset - now).TotalSeconds));
        }
    }
}
