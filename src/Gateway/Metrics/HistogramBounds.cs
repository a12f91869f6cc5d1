using System.Diagnostics.Metrics;

namespace LeadGrain.Gateway.Metrics;

internal static class HistogramBounds
{
    private static readonly double[] s_seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] s_bytes = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
    private static readonly double[] s_counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

    /// <summary>The bounds that the instrument advises, else ones that suit its unit.</summary>
    public static double[] Of(Instrument instrument) => Advised(instrument) ?? instrument.Unit switch
    {
        "s" => s_seconds,
        "ms" => [.. s_seconds.Select(bound => bound * 1000)],
        "By" => s_bytes,
        _ => s_counts,
    };

    private static double[]? Advised(Instrument instrument) => instrument switch
    {
        Histogram<double> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        Histogram<float> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        Histogram<decimal> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        Histogram<long> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        Histogram<int> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        Histogram<short> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        Histogram<byte> h => Sorted(h.Advice?.HistogramBucketBoundaries),
        _ => null,
    };

    private static double[]? Sorted<T>(IReadOnlyList<T>? bounds) where T : struct, IConvertible =>
        bounds is null ? null : [.. bounds.Select(bound => bound.ToDouble(null)).Where(double.IsFinite).Distinct().Order()];
}
