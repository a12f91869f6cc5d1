using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Scenarios;

/// <summary>/api/ingest to the routed state: every email new, one of 16 rules for each, the push left in the outbox.</summary>
internal sealed class IngestedLeads : IScenario
{
    private const int Rules = 16;

    public IReadOnlyList<string> Names => ["ingest-route"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var yardsticks = await run.YardsticksAsync(cancellationToken);
        var personas = new NamespaceGroup("ingest", "persona-", Rules);
        using (var client = new GridClient(grid.Process, personas.Org))
        {
            for (var n = 0; n < Rules; n++)
            {
                await client.AddRuleAsync($"{personas.Prefix}{n:d6}", $"{n}", cancellationToken);
            }
        }

        await grid.UntilCompiledAsync([grid.Plan(LoadKind.Ingest, personas)], cancellationToken);
        var (rates, tails, inserts) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            inserts.Add(await yardsticks.RoutedAsync(run.Options.Seconds, cancellationToken));
            var result = await IngestAsync(run, grid, personas, cancellationToken);
            rates.Add(result.PerSecond);
            tails.Add(result.P99);
            run.Say($"ingest and route: {result.PerSecond:#,0}/s, p99 {result.P99:0.0} ms{Windows.Cost(result)}; inserts {inserts[^1]:#,0}/s");
        }

        run.Report.Add(Figure.Of("ingest-route", $"/api/ingest to the routed state, {BenchRun.Posters} connections", "leads/s", rates)
            .Beside("the same rows by insert of 100", inserts).AtLeast(5_000));
        run.Report.Add(Figure.Of("ingest-route-p99", "/api/ingest to the routed state, 99 % within", "ms", tails));
    }

    private static async Task<LoadResult> IngestAsync(BenchRun run, Grid grid, NamespaceGroup personas, CancellationToken cancellationToken)
    {
        var result = await grid.MeasureAsync(
            grid.Plan(LoadKind.Ingest, personas) with { Connections = BenchRun.Posters, WarmUpSeconds = run.WarmUp, Seconds = run.Options.Seconds }, cancellationToken);
        return result is { Unexpected: 0, Failed: 0 } ? result : throw new BenchException($"A lead was not routed: {result.Sample}");
    }
}
