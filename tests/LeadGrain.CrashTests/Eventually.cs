using System.Diagnostics;

namespace LeadGrain.CrashTests;

/// <summary>Looks again and again until something holds.</summary>
internal static class Eventually
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It does not hold in time.</exception>
    internal static async Task<TimeSpan> Async(string what, Func<Task<bool>> holds, TimeSpan? patience = null)
    {
        var start = Stopwatch.StartNew();
        while (!await holds())
        {
            if (start.Elapsed > (patience ?? Patience))
            {
                throw new TimeoutException($"In {start.Elapsed.TotalSeconds:0.0} s it did not come about that {what}.");
            }

            await Task.Delay(s_pause);
        }

        return start.Elapsed;
    }

    /// <summary>The same of what is known at once.</summary>
    internal static Task<TimeSpan> Async(string what, Func<bool> holds, TimeSpan? patience = null)
        => Async(what, () => Task.FromResult(holds()), patience);
}
