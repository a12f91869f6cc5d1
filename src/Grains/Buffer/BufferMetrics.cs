using System.Diagnostics.Metrics;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Buffer;

/// <summary>The buffer's metrics, without tenants or namespaces: those would have no bound.</summary>
internal sealed class BufferMetrics
{
    internal const string MeterName = "LeadGrain.Buffer";

    private readonly Counter<long> _buffered;
    private readonly Counter<long> _alreadyServed;
    private readonly Counter<long> _served;
    private readonly Counter<long> _skipped;
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _writes;
    private readonly Histogram<double> _commits;

    public BufferMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _buffered = meter.CreateCounter<long>("leadgrain.buffer.pushed", "{lead}", "Leads buffered.");
        _alreadyServed = meter.CreateCounter<long>("leadgrain.buffer.already_served", "{lead}", "Pushed leads left out because their namespace had served their email.");
        _served = meter.CreateCounter<long>("leadgrain.buffer.served", "{lead}", "Leads handed out by pulls, for good or on lease.");
        _skipped = meter.CreateCounter<long>("leadgrain.buffer.skipped", "{lead}", "Waiting leads passed over because their email had been served meanwhile.");
        _active = meter.CreateUpDownCounter<long>("leadgrain.buffer.active_namespaces", "{namespace}", "Namespaces with an activation in this process.");
        _writes = meter.CreateCounter<long>("leadgrain.buffer.commit.writes", "{write}", "Writes of namespaces that commits joined, by kind.");
        _commits = meter.CreateHistogram<double>("leadgrain.buffer.commit.duration", "s", "Commits of the buffer, by kind.");
    }

    internal void Committed(string kind, int writes, TimeSpan duration)
    {
        var tag = new KeyValuePair<string, object?>("leadgrain.buffer.commit.kind", kind);
        _writes.Add(writes, tag);
        _commits.Record(duration.TotalSeconds, tag);
    }

    internal void Pushed(PushOutcome outcome)
    {
        _buffered.Add(outcome.Buffered);
        _alreadyServed.Add(outcome.SkippedAlreadyServed);
    }

    internal void Pulled(int served, int skipped)
    {
        _served.Add(served);
        _skipped.Add(skipped);
    }

    internal void Activated() => _active.Add(1);

    internal void Deactivated() => _active.Add(-1);
}
