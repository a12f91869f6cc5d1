using LeadGrain.Bench.Report;
using LeadGrain.Bench.Yardsticks;

namespace LeadGrain.Bench.Scenarios;

/// <summary>A line without a target: what bare HTTP with shared commits makes of this machine.</summary>
internal sealed class Orientation : IScenario
{
    public IReadOnlyList<string> Names => ["kestrel"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await run.YardsticksAsync(cancellationToken);
        var found = await BareKestrel.MeasureAsync(run.Server, run.Options.Seconds, cancellationToken);
        run.Say($"bare Kestrel with batched inserts: {found:#,0}/s");
        run.Report.Add(Figure.Of("bare-kestrel", "for orientation: bare Kestrel with batched inserts", "/s", [found]));
    }
}
