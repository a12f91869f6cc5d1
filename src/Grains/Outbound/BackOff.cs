namespace LeadGrain.Grains.Outbound;

/// <summary>When to try again. Pure: randomness is given.</summary>
internal static class BackOff
{
    /// <summary>A wait that doubles with each attempt up to the longest, its half spread at random.</summary>
    /// <param name="attempt">1 for the first.</param>
    /// <param name="first">The first wait, at most.</param>
    /// <param name="longest">Any wait, at most.</param>
    /// <param name="random">0 to 1.</param>
    internal static TimeSpan Before(int attempt, TimeSpan first, TimeSpan longest, double random)
    {
        var full = first * Math.Pow(2, Math.Clamp(attempt - 1, 0, 24));
        return (full < longest ? full : longest) * (0.5 + (random / 2));
    }

    /// <summary>The wait after a failed attempt by a schedule, a fifth shorter to a fifth longer at random; null where that was the last.</summary>
    /// <param name="attempts">How many were made.</param>
    /// <param name="schedule">The waits between attempts: one less than there are attempts.</param>
    /// <param name="random">0 to 1.</param>
    internal static TimeSpan? After(int attempts, IReadOnlyList<TimeSpan> schedule, double random)
        => attempts <= schedule.Count ? schedule[Math.Max(0, attempts - 1)] * (0.8 + (random * 0.4)) : null;

    /// <summary>Failures further apart than this are not of one time of failing: the longest wait between two attempts, and a day.</summary>
    /// <param name="schedule">The waits between attempts.</param>
    internal static TimeSpan Apart(IReadOnlyList<TimeSpan> schedule) => (schedule.DefaultIfEmpty().Max() * 1.2) + TimeSpan.FromDays(1);
}
