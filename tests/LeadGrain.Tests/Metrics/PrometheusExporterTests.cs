using System.Diagnostics.Metrics;
using System.Globalization;
using LeadGrain.Gateway.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace LeadGrain.Tests.Metrics;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly PrometheusExporter _exporter;
    private readonly Meter _meter;

    public PrometheusExporterTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _exporter = new(meters, new() { Meters = ["LeadGrain"], SeriesPerInstrument = 4 }, NullLogger<PrometheusExporter>.Instance);
        _meter = meters.Create("LeadGrain.Test");
    }

    [Fact]
    public void A_counter_of_ours_is_there_before_its_first_event_so_that_its_rise_can_be_seen()
    {
        var stopped = _meter.CreateCounter<long>("stopped");
        _meter.CreateHistogram<double>("took");

        Assert.Contains("\nstopped_total 0\n", _exporter.Scrape(), StringComparison.Ordinal);
        stopped.Add(1);
        Assert.Contains("\nstopped_total 1\n", _exporter.Scrape(), StringComparison.Ordinal);
        Assert.DoesNotContain("took", _exporter.Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_increment_of_every_thread_appears()
    {
        var counter = _meter.CreateCounter<long>("hits", "{hit}", "Hits \\ so far\nhere.");
        var histogram = _meter.CreateHistogram<double>("took", "s");
        using var go = new ManualResetEventSlim();
        var threads = Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(() =>
        {
            go.Wait();
            for (var i = 0; i < 10_000; i++)
            {
                counter.Add(1, new("route", "/a"), new KeyValuePair<string, object?>("status", 200));
                counter.Add(1, new("status", 200), new KeyValuePair<string, object?>("route", "/a"));
                histogram.Record(0.5);
            }
        }, TaskCreationOptions.LongRunning)).ToArray();
        go.Set();
        var lastSeen = 0d;
        while (!Task.WhenAll(threads).IsCompleted)
        {
            var seen = Value(_exporter.Scrape(), "hits_total{route=\"/a\",status=\"200\"}") ?? 0;
            Assert.True(seen >= lastSeen, "A counter went back.");
            lastSeen = seen;
        }
        await Task.WhenAll(threads);

        var text = _exporter.Scrape();
        Assert.Equal(160_000, Value(text, "hits_total{route=\"/a\",status=\"200\"}"));
        Assert.Equal(80_000, Value(text, "took_seconds_count"));
        Assert.Equal(40_000, Value(text, "took_seconds_sum"));
        Assert.Contains("# HELP hits_total Hits \\\\ so far\\nhere.\n# TYPE hits_total counter\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Tag_sets_above_the_cap_are_counted_together()
    {
        var counter = _meter.CreateCounter<int>("capped");
        for (var i = 0; i < 100; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("who", i));
        }

        counter.Add(1, new KeyValuePair<string, object?>("who", 0));

        var text = _exporter.Scrape();
        Assert.Equal(2, Value(text, "capped_total{who=\"0\"}"));
        Assert.Equal(96, Value(text, "capped_total{otel_metric_overflow=\"true\"}"));
        Assert.Equal(5, text.Split('\n').Count(line => line.StartsWith("capped_total", StringComparison.Ordinal)));
    }

    [Fact]
    public void Buckets_are_the_ones_the_instrument_advises_and_add_up()
    {
        var histogram = _meter.CreateHistogram<long>("batch", "{lead}", advice: new() { HistogramBucketBoundaries = [1, 10] });
        foreach (var size in (long[])[1, 2, 10, 11])
        {
            histogram.Record(size);
        }

        Assert.Contains(
            "batch_bucket{le=\"1\"} 1\nbatch_bucket{le=\"10\"} 3\nbatch_bucket{le=\"+Inf\"} 4\nbatch_sum 24\nbatch_count 4\n",
            _exporter.Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_observable_no_longer_reports_is_no_longer_shown()
    {
        Measurement<int>[] now = [new(3, new KeyValuePair<string, object?>("pool", "a")), new(4, new KeyValuePair<string, object?>("pool", "b"))];
        _meter.CreateObservableGauge("open", () => now);
        Assert.Equal(4, Value(_exporter.Scrape(), "open{pool=\"b\"}"));
        now = [now[0]];
        var text = _exporter.Scrape();
        Assert.Equal(3, Value(text, "open{pool=\"a\"}"));
        Assert.Null(Value(text, "open{pool=\"b\"}"));
    }

    [Fact]
    public void Up_down_counters_and_gauges_are_gauges()
    {
        var waiting = _meter.CreateUpDownCounter<int>("waiting");
        waiting.Add(5);
        waiting.Add(-2);
        _meter.CreateGauge<double>("level", "1").Record(0.25);
        var text = _exporter.Scrape();
        Assert.Contains("# TYPE waiting gauge\nwaiting 3\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE level_ratio gauge\nlevel_ratio 0.25\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_known_tag_set_is_counted_without_allocating()
    {
        var counter = _meter.CreateCounter<long>("lean");
        var histogram = _meter.CreateHistogram<double>("lean.time", "s");
        Measure(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Measure(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Measure(int times)
        {
            for (var i = 0; i < times; i++)
            {
                counter.Add(1, new("route", "/buffer/next"), new KeyValuePair<string, object?>("outcome", "found"));
                histogram.Record(0.01, new KeyValuePair<string, object?>("route", "/buffer/next"));
            }
        }
    }

    [Fact]
    public void A_callback_that_throws_hides_no_other()
    {
        _meter.CreateObservableGauge("broken", int () => throw new InvalidOperationException());
        _meter.CreateObservableGauge("whole", () => 1);
        Assert.Equal(1, Value(_exporter.Scrape(), "whole"));
    }

    [Fact]
    public void A_second_kind_of_metric_under_a_taken_name_is_left_out()
    {
        _meter.CreateCounter<int>("taken").Add(1);
        _meter.CreateUpDownCounter<int>("taken.total").Add(7);
        var text = _exporter.Scrape();
        Assert.Equal(1, Value(text, "taken_total"));
        Assert.Single(text.Split('\n'), line => line.StartsWith("# TYPE taken_total", StringComparison.Ordinal));
    }

    [Fact]
    public void Other_hosts_and_other_meters_are_not_shown()
    {
        using var elsewhere = new ServiceCollection().AddMetrics().BuildServiceProvider();
        elsewhere.GetRequiredService<IMeterFactory>().Create("LeadGrain.Test").CreateCounter<int>("elsewhere").Add(1);
        _services.GetRequiredService<IMeterFactory>().Create("LeadGrainish").CreateCounter<int>("foreign").Add(1);
        var text = _exporter.Scrape();
        Assert.DoesNotContain("elsewhere", text, StringComparison.Ordinal);
        Assert.DoesNotContain("foreign", text, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _exporter.Dispose();
        _services.Dispose();
    }

    private static double? Value(string text, string series) => text.Split('\n')
        .Where(line => line.StartsWith(series + " ", StringComparison.Ordinal))
        .Select(line => (double?)double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture)).SingleOrDefault();
}
