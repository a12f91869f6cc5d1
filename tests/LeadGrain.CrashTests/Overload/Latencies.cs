using System.Collections.Concurrent;
using System.Diagnostics;

namespace LeadGrain.CrashTests.Overload;

/// <summary>How long requests took, from the moment they were due.</summary>
internal sealed class Latencies
{
    private readonly ConcurrentQueue<double> _milliseconds = new();

    /// <summary>Those of several, as one.</summary>
    internal static Latencies Of(IEnumerable<Latencies> parts)
    {
        var all = new Latencies();
        foreach (var milliseconds in parts.SelectMany(part => part._milliseconds))
        {
            all._milliseconds.Enqueue(milliseconds);
        }

        return all;
    }

    internal int Count => _milliseconds.Count;

    internal void Add(long due) => _milliseconds.Enqueue(Stopwatch.GetElapsedTime(due).TotalMilliseconds);

    /// <summary>In milliseconds.</summary>
    internal double Percentile(int percent)
    {
        var sorted = _milliseconds.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];
    }

    public override string ToString() => $"{Count} requests, p50 {Percentile(50):0.0} ms, p90 {Percentile(90):0.0} ms, p99 {Percentile(99):0.0} ms, worst {Percentile(100):0.0} ms";
}
