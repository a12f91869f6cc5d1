using System.Text;

namespace LeadGrain.Gateway.Metrics;

/// <summary>One set of labels of one metric. Every write is a lock-free step, so that measuring never waits for a scrape.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    private readonly long[] _counts = bounds is null ? [] : new long[bounds.Length + 1];
    private double _value;
    private long _scrape = long.MinValue;

    public void Add(double amount)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + amount, seen);
            if (BitConverter.DoubleToInt64Bits(before) == BitConverter.DoubleToInt64Bits(seen))
            {
                return;
            }

            seen = before;
        }
    }

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Observe(double value)
    {
        if (double.IsNaN(value))
        {
            return;
        }

        var index = Array.BinarySearch(bounds!, value);
        Interlocked.Increment(ref _counts[index < 0 ? ~index : index]);
        Add(value);
    }

    /// <summary>A value that an observable instrument reports in this scrape; two meters of one name add up.</summary>
    public void Report(double value, long scrape, bool adds)
    {
        if (_scrape == scrape && adds)
        {
            value += _value;
        }

        _scrape = scrape;
        Set(value);
    }

    public void Write(StringBuilder text, string name)
    {
        if (bounds is null)
        {
            PrometheusText.Sample(text, name, labels, Volatile.Read(ref _value));
            return;
        }
        var counts = new long[_counts.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        PrometheusText.Histogram(text, name, labels, bounds, counts, Volatile.Read(ref _value));
    }

    public bool ReportedIn(long scrape) => _scrape == scrape;
}
