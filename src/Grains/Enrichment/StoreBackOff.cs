using LeadGrain.Grains.Outbound;

namespace LeadGrain.Grains.Enrichment;

/// <summary>When to try again to store an answer that the database did not take.</summary>
internal static class StoreBackOff
{
    /// <summary>Tries in one go, over 2 to 3.5 min: outlives a failover. The next caller starts another go.</summary>
    public const int Attempts = 12;

    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <summary>The wait before a try: doubling, of which the random half spreads many emails' tries.</summary>
    /// <param name="attempt">1 for the first.</param>
    /// <param name="random">0 to 1.</param>
    public static TimeSpan Before(int attempt, double random) => BackOff.Before(attempt, s_first, s_longest, random);
}
