using System.Net;

namespace LeadGrain.Gateway.Runs;

/// <summary>When a call to the runs service is tried again.</summary>
internal static class RunRetry
{
    /// <summary>The wait before the next try; null when there is none.</summary>
    /// <param name="tried">Tries so far, 1 or more.</param>
    /// <param name="status">What was answered; null for a time-out or a broken connection.</param>
    /// <param name="asked">What Retry-After asked for.</param>
    /// <param name="random">From 0 to 1.</param>
    /// <param name="options">The number of tries and the bounds of a wait.</param>
    public static TimeSpan? Delay(int tried, HttpStatusCode? status, TimeSpan? asked, double random, RunsOptions options)
    {
        if (tried >= options.Tries || (status is { } answered && !IsPassing(answered)))
        {
            return null;
        }

        if (asked > options.LongestDelay)
        {
            return null;
        }

        var step = options.FirstDelay * Math.Pow(2, tried - 1);
        // All who are told to wait a second would come back in the same instant: there the jitter goes on top.
        var wait = asked is { } least ? least + (step * random / 2) : step * (0.5 + (random / 2));
        return wait < options.LongestDelay ? wait : options.LongestDelay;
    }

    private static bool IsPassing(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;
}
