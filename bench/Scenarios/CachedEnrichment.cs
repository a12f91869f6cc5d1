using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>/enrich of emails that the cache knows, filled before from the sandbox's Apollo.</summary>
internal sealed class CachedEnrichment : IScenario
{
    private const int Emails = 1_000;

    public IReadOnlyList<string> Names => ["enrich"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        await FillAsync(grid, cancellationToken);
        var samples = new List<double>();
        await grid.UntilCompiledAsync([Plan(grid)], cancellationToken);
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            var result = await MeasureAsync(run, grid, cancellationToken);
            run.Say($"enrich from the cache: {result.PerSecond:#,0}/s, p99 {result.P99:0.0} ms{Windows.Cost(result)}");
            samples.Add(result.PerSecond);
        }

        run.Report.Add(Figure.Of("enrich", "/enrich from the cache, 64 connections", "/s", samples).AtLeast(30_000));
    }

    /// <summary>Has each email looked up once.</summary>
    internal static Task FillAsync(Grid grid, CancellationToken cancellationToken)
        => LoadProcess.RunAsync(Plan(grid) with { Requests = Emails, InTurn = true }, cancellationToken);

    /// <summary>Requests for them.</summary>
    internal static LoadPlan Plan(Grid grid) => grid.Plan(LoadKind.Enrich, People());

    /// <summary>A window of requests for them.</summary>
    internal static Task<LoadResult> MeasureAsync(BenchRun run, Grid grid, CancellationToken cancellationToken)
        => grid.MeasureAsync(Plan(grid) with { WarmUpSeconds = run.WarmUp, Seconds = run.Short }, cancellationToken);

    private static NamespaceGroup People() => new("enrich", "person-", Emails);
}
