using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Gateway.Metrics;

/// <summary>Listens to the meters of this process and writes what they have measured as Prometheus text.</summary>
internal sealed partial class PrometheusExporter : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly Lock _scraping = new();
    private readonly IMeterFactory _meters;
    private readonly PrometheusOptions _options;
    private readonly ILogger<PrometheusExporter> _log;
    private long _scrape;

    public PrometheusExporter(IMeterFactory meters, PrometheusOptions options, ILogger<PrometheusExporter> log)
    {
        (_meters, _options, _log) = (meters, options, log);
        _listener.InstrumentPublished = Publish;
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, state) => Record((double)value, tags, state));
        _listener.Start();
    }

    public string Scrape()
    {
        lock (_scraping)
        {
            _scrape++;
            Observe();
            MetricFamily[] families;
            lock (_families)
            {
                families = [.. _families.Values];
            }

            var text = new StringBuilder();
            foreach (var family in families)
            {
                family.Write(text, _scrape);
            }

            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Observe()
    {
        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException failures)
        {
            // One callback that throws must not hide all the others.
            LogFailedCallbacks(failures.InnerExceptions.Count, failures.InnerExceptions[0].GetType().Name);
        }
    }

    private void Publish(Instrument instrument, MeterListener listener)
    {
        // A meter of another host in this process (tests run several) carries that host's factory as its scope.
        if (instrument.Meter.Scope is { } scope && !ReferenceEquals(scope, _meters))
        {
            return;
        }

        if (!_options.Meters.Any(prefix => Covers(prefix, instrument.Meter.Name)) || KindOf(instrument) is not { } kind)
        {
            return;
        }

        var family = new MetricFamily(instrument, kind, _options.SeriesPerInstrument);
        lock (_families)
        {
            if (!_families.TryGetValue(family.Name, out var known))
            {
                _families[family.Name] = family;
            }
            else if (known.Kind == kind && known.Observable == family.Observable)
            {
                family = known;
            }
            else
            {
                family = null;
            }
        }
        if (family is null)
        {
            LogClash(instrument.Meter.Name, instrument.Name);
        }
        else
        {
            listener.EnableMeasurementEvents(instrument, family);
        }
    }

    private void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state) =>
        ((MetricFamily)state!).Record(value, tags, _scrape);

    private static bool Covers(string prefix, string meter) =>
        meter.StartsWith(prefix, StringComparison.Ordinal) && (meter.Length == prefix.Length || meter[prefix.Length] == '.');

    private static SeriesKind? KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return open == typeof(Counter<>) || open == typeof(ObservableCounter<>) ? SeriesKind.Counter
            : open == typeof(UpDownCounter<>) || open == typeof(ObservableUpDownCounter<>) ? SeriesKind.UpDownCounter
            : open == typeof(Gauge<>) || open == typeof(ObservableGauge<>) ? SeriesKind.Gauge
            : open == typeof(Histogram<>) ? SeriesKind.Histogram
            : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Instrument {Instrument} of meter {Meter} is not exported: its Prometheus name is taken by another kind of metric")]
    private partial void LogClash(string meter, string instrument);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} observable instruments failed, the first with {Fault}")]
    private partial void LogFailedCallbacks(int count, string fault);
}
