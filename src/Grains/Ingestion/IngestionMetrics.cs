using System.Diagnostics.Metrics;

namespace LeadGrain.Grains.Ingestion;

/// <summary>The metrics of ingestion, without tenants: those would have no bound.</summary>
internal sealed class IngestionMetrics
{
    internal const string MeterName = "LeadGrain.Ingestion";

    private readonly Counter<long> _settled;
    private readonly Counter<long> _leftOpen;
    private readonly Counter<long> _drained;
    private readonly Counter<long> _written;
    private readonly Histogram<double> _duration;

    public IngestionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _settled = meter.CreateCounter<long>("leadgrain.ingestion.settled", "{post}", "Posts by what became of them.");
        _leftOpen = meter.CreateCounter<long>("leadgrain.ingestion.left_open", "{post}", "Posts answered before they were made leads of, because that failed or was held up.");
        _drained = meter.CreateCounter<long>("leadgrain.ingestion.drained", "{post}", "Posts that were finished later.");
        _written = meter.CreateCounter<long>("leadgrain.ingestion.commit.posts", "{post}", "Posts that commits joined.");
        _duration = meter.CreateHistogram<double>("leadgrain.ingestion.commit.duration", "s", "Commits of posts.");
    }

    internal void Settled(IReadOnlyList<Settled> rows)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            _settled.Add(1, new KeyValuePair<string, object?>("leadgrain.ingestion.outcome", NameOf(rows[i].Verdict)));
        }
    }

    internal void LeftOpen(int posts) => _leftOpen.Add(posts);

    internal void Drained(int posts) => _drained.Add(posts);

    internal void Committed(string stage, TimeSpan duration, int posts)
    {
        var tag = new KeyValuePair<string, object?>("leadgrain.ingestion.stage", stage);
        _duration.Record(duration.TotalSeconds, tag);
        _written.Add(posts, tag);
    }

    private static string NameOf(Verdict verdict) => verdict switch
    {
        Verdict.Lead => "stored",
        Verdict.Repeat { OtherBytes: true } => "conflict",
        Verdict.Repeat => "duplicate",
        Verdict.Failed => "failed",
        _ => "invalid",
    };
}
