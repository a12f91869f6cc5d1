using System.Diagnostics.Metrics;

namespace LeadGrain.Grains.Campaigns;

/// <summary>The campaigns' metrics, without tenants or campaigns: those would have no bound.</summary>
internal sealed class CampaignMetrics
{
    internal const string MeterName = "LeadGrain.Campaigns";

    private readonly Counter<long> _pushes;
    private readonly Histogram<double> _batches;
    private readonly Counter<long> _throttled;
    private readonly Counter<long> _opened;
    private readonly Counter<long> _stopped;
    private readonly Counter<long> _feedback;

    public CampaignMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _pushes = meter.CreateCounter<long>("leadgrain.campaigns.pushes", "{lead}", "Leads pushed to campaigns, by kind and outcome.");
        _batches = meter.CreateHistogram<double>("leadgrain.campaigns.batch.duration", "s", "Batches pushed, waiting for the rate limit included, by kind.");
        _throttled = meter.CreateCounter<long>("leadgrain.campaigns.rate.waits", "{wait}", "Times that a request had to wait for its API key's rate limit.");
        _opened = meter.CreateCounter<long>("leadgrain.campaigns.breaker.opened", "{time}", "Times that a campaign paused by itself because its target failed.");
        _stopped = meter.CreateCounter<long>("leadgrain.campaigns.stopped", "{time}", "Times that a campaign was stopped until somebody acts.");
        _feedback = meter.CreateCounter<long>("leadgrain.campaigns.feedback", "{event}", "Events taken from Smartlead, by event.");
    }

    internal void Pushed(string kind, IEnumerable<PushResult> results, TimeSpan took)
    {
        var target = new KeyValuePair<string, object?>("leadgrain.campaigns.kind", kind);
        _batches.Record(took.TotalSeconds, target);
        foreach (var outcome in results.GroupBy(Word))
        {
            _pushes.Add(outcome.Count(), target, new KeyValuePair<string, object?>("leadgrain.campaigns.outcome", outcome.Key));
        }
    }

    internal void Waited() => _throttled.Add(1);

    internal void Opened() => _opened.Add(1);

    internal void Stopped() => _stopped.Add(1);

    internal void Heard(string name) => _feedback.Add(1, new KeyValuePair<string, object?>("leadgrain.campaigns.event", name));

    private static string Word(PushResult result) => result switch
    {
        PushResult.Accepted => "accepted",
        PushResult.AlreadyThere => "already_there",
        PushResult.Refused => "refused",
        PushResult.Stop => "stopped",
        PushResult.RetryAt { Counts: false } => "waits",
        _ => "failed",
    };
}
