using System.Diagnostics.Metrics;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.Grains.Leases;

/// <summary>The leases' metrics, without tenants or namespaces: those would have no bound.</summary>
internal sealed class LeaseMetrics
{
    private readonly Counter<long> _settled;
    private readonly Counter<long> _expired;
    private readonly Counter<long> _dead;

    public LeaseMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Buffer.BufferMetrics.MeterName);
        _settled = meter.CreateCounter<long>("leadgrain.leases.settled", "{lease}", "Leases that a caller asked to settle, by what became of them.");
        _expired = meter.CreateCounter<long>("leadgrain.leases.expired", "{lease}", "Leases that ran out unsettled.");
        _dead = meter.CreateCounter<long>("leadgrain.leases.dead", "{lead}", "Leads set aside after their last attempt.");
    }

    internal void Settled(LeaseOutcomes outcomes)
    {
        foreach (var fate in outcomes.Leases.CountBy(outcome => outcome.Fate))
        {
            _settled.Add(fate.Value, new KeyValuePair<string, object?>("leadgrain.lease.fate", Name(fate.Key)));
        }
    }

    internal void Ended(bool wasLease) => _expired.Add(wasLease ? 1 : 0);

    internal void Buried() => _dead.Add(1);

    private static string Name(LeaseFate fate) => fate switch
    {
        LeaseFate.Acked => "acked",
        LeaseFate.Returned => "returned",
        LeaseFate.Dead => "dead",
        LeaseFate.Extended => "extended",
        _ => "not_held",
    };
}
