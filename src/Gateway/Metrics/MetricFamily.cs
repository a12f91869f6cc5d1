using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace LeadGrain.Gateway.Metrics;

/// <summary>One metric with its series. A tag set once seen is found again without a lock or an allocation.</summary>
internal sealed class MetricFamily
{
    private const string OverflowLabel = "otel_metric_overflow=\"true\"";

    private readonly ConcurrentDictionary<KeyValuePair<string, object?>[], MetricSeries> _byTags = new(TagSetComparer.Instance);
    private readonly ConcurrentDictionary<KeyValuePair<string, object?>[], MetricSeries>
        .AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly SortedDictionary<string, MetricSeries> _byLabels = new(StringComparer.Ordinal);
    private readonly Lock _creating = new();
    private readonly double[]? _bounds;
    private readonly int _cap;
    private readonly bool _isOurs;
    private int _tagSets;
    private MetricSeries? _untagged;
    private MetricSeries? _overflow;

    public MetricFamily(Instrument instrument, SeriesKind kind, int cap)
    {
        (Kind, Help, _cap) = (kind, instrument.Description, cap);
        Name = PrometheusNames.Metric(instrument.Name, instrument.Unit, kind);
        Observable = instrument.IsObservable;
        _isOurs = instrument.Meter.Name.StartsWith("LeadGrain.", StringComparison.Ordinal);
        _bounds = kind is SeriesKind.Histogram ? HistogramBounds.Of(instrument) : null;
        _lookup = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
    }

    public string Name { get; }
    public SeriesKind Kind { get; }
    public bool Observable { get; }
    private string? Help { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, long scrape)
    {
        var series = Find(tags);
        if (Observable)
        {
            series.Report(value, scrape, adds: Kind is not SeriesKind.Gauge);
        }
        else if (Kind is SeriesKind.Histogram)
        {
            series.Observe(value);
        }
        else if (Kind is SeriesKind.Gauge)
        {
            series.Set(value);
        }
        else
        {
            series.Add(value);
        }
    }

    public void Write(StringBuilder text, long scrape)
    {
        MetricSeries[] all;
        lock (_creating)
        {
            all = [.. _byLabels.Values.Where(series => !Observable || series.ReportedIn(scrape))];
        }

        // A counter that comes up with its first event only would show no rise to an alert that watches for one.
        var isUntouched = all.Length == 0 && Kind is SeriesKind.Counter && !Observable && _isOurs;
        if (all.Length == 0 && !isUntouched)
        {
            return;
        }

        PrometheusText.Header(text, Name, Help, Kind);
        if (isUntouched)
        {
            PrometheusText.Sample(text, Name, "", 0);
        }

        foreach (var series in all)
        {
            series.Write(text, Name);
        }
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return Volatile.Read(ref _untagged) ?? Create(tags);
        }

        if (_lookup.TryGetValue(tags, out var series))
        {
            return series;
        }
        // Tags in another order are another key of the same series: they count too, or keys would grow without bound.
        return Volatile.Read(ref _tagSets) >= _cap ? Volatile.Read(ref _overflow) ?? Create(tags) : Create(tags);
    }

    private MetricSeries Create(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_creating)
        {
            if (tags.IsEmpty)
            {
                return _untagged ??= ByLabels("");
            }

            if (_lookup.TryGetValue(tags, out var existing))
            {
                return existing;
            }

            if (_tagSets >= _cap)
            {
                return _overflow ??= ByLabels(OverflowLabel);
            }

            var series = ByLabels(PrometheusText.Labels(tags));
            _byTags[tags.ToArray()] = series;
            Volatile.Write(ref _tagSets, _tagSets + 1);
            return series;
        }
    }

    private MetricSeries ByLabels(string labels)
    {
        if (!_byLabels.TryGetValue(labels, out var series))
        {
            _byLabels[labels] = series = new MetricSeries(labels, _bounds);
        }

        return series;
    }
}
