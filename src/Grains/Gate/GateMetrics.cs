using System.Diagnostics.Metrics;
using LeadGrain.GrainInterfaces.Gate;

namespace LeadGrain.Grains.Gate;

/// <summary>The health gate's metrics.</summary>
internal sealed class GateMetrics
{
    internal const string MeterName = "LeadGrain.Gate";

    private readonly Counter<long> _judged;
    private readonly Counter<long> _checks;
    private readonly Histogram<double> _resolved;

    public GateMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _judged = meter.CreateCounter<long>("leadgrain.gate.leads", "{lead}", "Leads that the health gate judged, by class.");
        _checks = meter.CreateCounter<long>("leadgrain.gate.findings", "{finding}", "Checks that told against a lead, by check.");
        _resolved = meter.CreateHistogram<double>("leadgrain.gate.dns.duration", "s", "Questions whether a domain takes mail, by answer.");
    }

    internal void Judged(Health health)
    {
        _judged.Add(1, new KeyValuePair<string, object?>("leadgrain.gate.class", health.Word));
        foreach (var check in health.Checks)
        {
            _checks.Add(1, new KeyValuePair<string, object?>("leadgrain.gate.check", check.Name));
        }
    }

    internal void Resolved(bool? takesMail, TimeSpan took)
    {
        var answer = takesMail switch { true => "yes", false => "no", null => "unknown" };
        _resolved.Record(took.TotalSeconds, new KeyValuePair<string, object?>("leadgrain.gate.dns.answer", answer));
    }
}
