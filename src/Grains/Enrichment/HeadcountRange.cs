namespace LeadGrain.Grains.Enrichment;

/// <summary>A headcount as the range that leads are filtered by.</summary>
internal static class HeadcountRange
{
    /// <summary>The range that holds this many people; null where nobody is counted, which is how providers say "unknown".</summary>
    public static string? Of(long? headcount) => headcount switch
    {
        null or < 1 => null,
        <= 10 => "1-10",
        <= 50 => "11-50",
        <= 200 => "51-200",
        <= 500 => "201-500",
        <= 1_000 => "501-1000",
        <= 5_000 => "1001-5000",
        <= 10_000 => "5001-10000",
        _ => "10001+",
    };
}
