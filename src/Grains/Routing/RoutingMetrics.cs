using System.Diagnostics.Metrics;

namespace LeadGrain.Grains.Routing;

/// <summary>Routing's metrics, without tenants or campaigns: those would have no bound.</summary>
internal sealed class RoutingMetrics
{
    internal const string MeterName = "LeadGrain.Routing";

    private readonly Counter<long> _leads;
    private readonly Counter<long> _redecided;
    private readonly Counter<long> _deliveries;
    private readonly Counter<long> _writes;
    private readonly Histogram<double> _commits;

    public RoutingMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _leads = meter.CreateCounter<long>("leadgrain.routing.leads", "{lead}", "Decisions on leads that were taken in, and on those that left the holding pool for a target.");
        _redecided = meter.CreateCounter<long>("leadgrain.routing.redecided", "{lead}", "Decisions made anew because a cap was reached meanwhile.");
        _deliveries = meter.CreateCounter<long>("leadgrain.routing.deliveries", "{delivery}", "Signed deliveries, by whether their proof held.");
        _writes = meter.CreateCounter<long>("leadgrain.routing.commit.writes", "{lead}", "Leads that commits joined.");
        _commits = meter.CreateHistogram<double>("leadgrain.routing.commit.duration", "s", "Commits of routed leads.");
    }

    internal void Decided(string decision) => _leads.Add(1, new KeyValuePair<string, object?>("leadgrain.routing.decision", decision));

    internal void Redecided() => _redecided.Add(1);

    internal void Delivered(bool accepted)
        => _deliveries.Add(1, new KeyValuePair<string, object?>("leadgrain.routing.proof", accepted ? "accepted" : "refused"));

    internal void Committed(int writes, TimeSpan duration)
    {
        _writes.Add(writes);
        _commits.Record(duration.TotalSeconds);
    }
}
