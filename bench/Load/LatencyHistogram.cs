using System.Globalization;
using System.Numerics;

namespace LeadGrain.Bench.Load;

/// <summary>Counts latencies in buckets that widen with the value, each about 1.5 % wide, in constant memory.</summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int Sub = 1 << SubBits;

    private static readonly double[] s_percentiles = [50, 75, 90, 95, 99, 99.9, 100];

    // 34 doublings of 64 microseconds: more than an hour.
    private readonly long[] _counts = new long[34 * Sub];
    private long _total;

    internal void Add(long microseconds)
    {
        var value = (ulong)Math.Max(0, microseconds);
        var shift = Math.Max(0, BitOperations.Log2(value | 1) - SubBits);
        var index = (shift * Sub) + (int)(value >> shift);
        _counts[Math.Min(index, _counts.Length - 1)]++;
        _total++;
    }

    /// <summary>Milliseconds that this share of the values does not exceed.</summary>
    internal double Percentile(double percent)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(_total * percent / 100));
        long seen = 0;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (_total > 0 && seen >= rank)
            {
                return Highest(index) / 1000.0;
            }
        }

        return 0;
    }

    internal Dictionary<string, double> Percentiles() =>
        s_percentiles.ToDictionary(p => p.ToString(CultureInfo.InvariantCulture), Percentile);

    // Values below 128 have a bucket each: shift 0 holds 0 to 127, every later one 64 to 127 of its own scale.
    private static ulong Highest(int index)
    {
        var shift = index < 2 * Sub ? 0 : (index / Sub) - 1;
        return ((ulong)(index - (shift * Sub) + 1) << shift) - 1;
    }
}
