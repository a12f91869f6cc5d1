namespace LeadGrain.Grains.Enrichment;

/// <summary>A call that another process has under way, or died in.</summary>
internal static class HeldCall
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    /// <summary>When to ask again: when the call must have ended or, past that, when it counts as lost. Pure.</summary>
    public static TimeSpan RetryAfter(DateTimeOffset since, DateTimeOffset now, TimeSpan providerTimeout, TimeSpan lostAfter)
    {
        var ends = since + providerTimeout - now;
        var left = ends > TimeSpan.Zero ? ends : since + lostAfter - now;
        return left > s_shortest ? left : s_shortest;
    }
}
