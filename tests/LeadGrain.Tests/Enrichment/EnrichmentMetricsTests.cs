using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LeadGrain.Grains.Enrichment;
using LeadGrain.Sandbox.Apollo;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Enrichment;

public sealed class EnrichmentMetricsTests
{
    [Fact]
    public async Task Requests_credits_and_calls_are_counted_by_result()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        using var counted = new Counted(rig.Process.GetRequiredService<IMeterFactory>());
        var ada = await rig.ActivateAsync("ada@acme.example");
        await ada.EnrichAsync();
        await ada.EnrichAsync();
        await (await rig.ActivateAsync("nobody@acme.example")).EnrichAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Broken(500));
        await (await rig.ActivateAsync("bram@acme.example")).EnrichAsync();

        Assert.Equal(2, counted["leadgrain.enrichment.requests fetched"]);
        Assert.Equal(1, counted["leadgrain.enrichment.requests cached"]);
        Assert.Equal(1, counted["leadgrain.enrichment.requests failed"]);
        Assert.Equal(1, counted["leadgrain.enrichment.credits apollo"]);
        Assert.Equal(0, counted["leadgrain.enrichment.unsettled"]);
        Assert.Equal(["found", "not_found", "unavailable"], counted.CallOutcomes.Order(StringComparer.Ordinal));
    }

    /// <summary>Sums of one process's measurements, by instrument and tags.</summary>
    private sealed class Counted : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<string, long> _sums = new();

        public Counted(IMeterFactory process)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == EnrichmentMetrics.Meter && ReferenceEquals(instrument.Meter.Scope, process))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
                _sums.AddOrUpdate($"{instrument.Name} {Join(tags)}".Trim(), value, (_, sum) => sum + value));
            _listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
                CallOutcomes.Add(Join(tags[1..])));
            _listener.Start();
        }

        public ConcurrentBag<string> CallOutcomes { get; } = [];

        public long this[string key] => _sums.GetValueOrDefault(key);

        public void Dispose() => _listener.Dispose();

        private static string Join(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            string.Join(' ', tags.ToArray().Select(tag => tag.Value));
    }
}
