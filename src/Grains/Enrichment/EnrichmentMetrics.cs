using System.Diagnostics.Metrics;

namespace LeadGrain.Grains.Enrichment;

/// <summary>What is counted. Names and units follow OpenTelemetry's conventions.</summary>
internal sealed class EnrichmentMetrics
{
    public const string Meter = "LeadGrain.Enrichment";

    private readonly Counter<long> _requests;
    private readonly Counter<long> _credits;
    private readonly Counter<long> _lost;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _unsettled;

    public EnrichmentMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Meter);
        _requests = meter.CreateCounter<long>("leadgrain.enrichment.requests", "{request}", "Enrichments asked for, by result.");
        _credits = meter.CreateCounter<long>("leadgrain.enrichment.credits", "{credit}", "Provider credits known to be spent.");
        _lost = meter.CreateCounter<long>("leadgrain.enrichment.lost_calls", "{call}", "Calls whose owner fell silent.");
        _duration = meter.CreateHistogram<double>("leadgrain.enrichment.provider.duration", "s", "Provider calls, by outcome.");
        _unsettled = meter.CreateUpDownCounter<long>("leadgrain.enrichment.unsettled", "{call}", "Calls whose outcome is not stored yet.");
    }

    /// <summary>A caller was answered.</summary>
    public void Answered(string result) => _requests.Add(1, new KeyValuePair<string, object?>("leadgrain.enrichment.result", result));

    /// <summary>A provider call ended.</summary>
    public void Called(string provider, ProviderAnswer answer, TimeSpan took)
    {
        var who = new KeyValuePair<string, object?>("leadgrain.enrichment.provider", provider);
        _duration.Record(took.TotalSeconds, who, new KeyValuePair<string, object?>("leadgrain.enrichment.outcome", answer.Outcome));
        _credits.Add(answer.Credits ?? 0, who);
    }

    public void FoundLost(int calls) => _lost.Add(calls);

    public void Unsettled(int change) => _unsettled.Add(change);
}
