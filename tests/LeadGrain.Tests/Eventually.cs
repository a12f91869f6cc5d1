using System.Diagnostics;

namespace LeadGrain.Tests;

/// <summary>Looks again and again until something holds, with a pause between, so that what is looked at has the processor.</summary>
internal static class Eventually
{
    /// <summary>A test that waits this long has failed. Reminders of Orleans come once a minute at best.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    /// <param name="what">Completes "it did not come about that".</param>
    /// <param name="holds">Looks.</param>
    /// <param name="patience">If not the usual one.</param>
    /// <param name="between">Done after each look in vain, such as putting a clock forward.</param>
    /// <param name="found">Tells of the last look, for the failure.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It does not hold in time.</exception>
    internal static async Task<TimeSpan> Async(
        string what, Func<Task<bool>> holds, TimeSpan? patience = null, Action? between = null, Func<Task<string>>? found = null)
    {
        var start = Stopwatch.StartNew();
        while (!await holds())
        {
            if (start.Elapsed > (patience ?? Patience))
            {
                var last = found is null ? "" : $" Found: {await found()}";
                throw new TimeoutException($"In {start.Elapsed.TotalSeconds:0.0} s it did not come about that {what}.{last}");
            }

            between?.Invoke();
            await Task.Delay(s_pause);
        }

        return start.Elapsed;
    }

    /// <summary>The same of what is known at once.</summary>
    internal static Task<TimeSpan> Async(string what, Func<bool> holds, TimeSpan? patience = null, Action? between = null)
        => Async(what, () => Task.FromResult(holds()), patience, between);

    /// <summary>Looks until what is found is so; a failure tells what was found last.</summary>
    /// <returns>What was found.</returns>
    /// <exception cref="TimeoutException">It is not so in time.</exception>
    internal static async Task<T> FindAsync<T>(string what, Func<Task<T>> look, Func<T, bool> isSo, Action? between = null, Func<Task<string>>? more = null)
    {
        var last = default(T);
        await Async(
            what,
            async () => isSo(last = await look()),
            between: between,
            found: async () => more is null ? $"{last}" : $"{last}. {await more()}");
        return last!;
    }
}
