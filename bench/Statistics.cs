namespace LeadGrain.Bench;

/// <summary>Of samples.</summary>
internal static class Statistics
{
    internal static double Median(IReadOnlyCollection<double> samples)
    {
        if (samples.Count == 0)
        {
            return 0;
        }

        double[] sorted = [.. samples.Order()];
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
