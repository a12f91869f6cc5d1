using System.Globalization;
using LeadGrain.Bench.History;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>Leads posted as web forms do, each committed to the raw log and then as a lead, in a small and in a large raw log.</summary>
internal sealed class IngestLead : IScenario
{
    private const double Target = 15_000;
    private const double MostMilliseconds = 30;
    private const long DefaultRows = 300_000;

    // So many posters that one standstill of the disk meets a hundredth of a short window's posts.
    private const double Length = 2;

    private static readonly NamespaceGroup s_forms = new("ingest", "form-", 1);

    public IReadOnlyList<string> Names => ["ingest-lead"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var yardsticks = await run.YardsticksAsync(cancellationToken);
        var grid = await run.MainGridAsync(cancellationToken);
        var (small, large, bare) = (new List<LoadResult>(), new List<LoadResult>(), new List<double>());
        await grid.UntilCompiledAsync([grid.Plan(LoadKind.Lead, s_forms)], cancellationToken);

        // Full load is commits of another size than the warm-up's, and the grid is some seconds faster and faster.
        await PostAsync(run, grid, cancellationToken);
        await PostAsync(run, grid, cancellationToken);
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            small.Add(await PostAsync(run, grid, cancellationToken));
            bare.Add(await yardsticks.PostsAsync(run.Short, cancellationToken));
            run.Say($"ingest-lead: {small[^1].PerSecond:#,0}/s, p99 {small[^1].P99:0.0} ms; pgbench {bare[^1]:#,0}/s");
        }

        var rows = long.TryParse(Environment.GetEnvironmentVariable("BENCH_RAW_ROWS"), CultureInfo.InvariantCulture, out var set) ? set : DefaultRows;
        run.Say($"filling the raw log with {rows:#,0} rows");
        await new SeededHistory(run.Server, grid.Database).AddPostsAsync(rows, cancellationToken);
        await PostAsync(run, grid, cancellationToken);
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            large.Add(await PostAsync(run, grid, cancellationToken));
            run.Say($"ingest-lead with {rows:#,0} rows: {large[^1].PerSecond:#,0}/s, p99 {large[^1].P99:0.0} ms");
        }

        run.Report.Add(Figure.Of("ingest-lead", $"/api/lead, {BenchRun.Posters} connections, raw row and lead committed", "/s", [.. small.Select(r => r.PerSecond)])
            .Beside("the two inserts by pgbench", bare).AtLeast(Target) with { Note = "The last round" + Windows.Cost(small[^1]) });
        run.Report.Add(Figure.Of("ingest-lead-p99", "p99 of /api/lead under that load", "ms", [.. small.Select(r => r.P99)]).AtMost(MostMilliseconds));
        run.Report.Add(Figure.Of("ingest-lead-grown", $"/api/lead with {rows:#,0} raw rows more", "/s", [.. large.Select(r => r.PerSecond)])
            .Beside("without", [.. small.Select(r => r.PerSecond)]).AtLeastTimes(0.8));
    }

    private static async Task<LoadResult> PostAsync(BenchRun run, Grid grid, CancellationToken cancellationToken)
    {
        var plan = grid.Plan(LoadKind.Lead, s_forms) with
        {
            Connections = BenchRun.Posters, WarmUpSeconds = run.WarmUp, Seconds = Length * run.Options.Seconds,
        };
        var result = await grid.MeasureAsync(plan, cancellationToken);
        return result is { Unexpected: 0, Failed: 0 } ? result : throw new BenchException($"A lead was not taken: {result.Sample}");
    }
}
