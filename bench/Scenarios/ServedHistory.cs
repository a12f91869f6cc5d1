namespace LeadGrain.Bench.Scenarios;

/// <summary>The same load on namespaces that have served ten thousand, a million and five million leads, in turn.</summary>
internal sealed class ServedHistory : IScenario
{
    // A page that is written to for the first time since a checkpoint goes into the log whole, which costs PostgreSQL 10 µs a pull of
    // a long history. After one of our own, so that the rest of the run sets none off in a window, and so many seconds of pulls, most
    // pages of a namespace's index of emails have been written to, as in nearly all of the minutes between two checkpoints.
    private const double SettleMillion = 3;
    private const double SettleFiveMillion = 7;

    public IReadOnlyList<string> Names => ["history"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var history = await run.HistoryAsync(cancellationToken);
        var (few, million, fiveMillion) = (new Windows(), new Windows(), new Windows());
        await run.Server.ExecuteAsync("postgres", "checkpoint", cancellationToken);
        await history.Grid.WarmUpAsync(history.Small[^1], cancellationToken);
        foreach (var (group, seconds) in ((NamespaceGroup, double)[])[(history.Middle, SettleMillion), (history.Large, SettleFiveMillion)])
        {
            await history.Grid.PullAsync(group, cancellationToken, seconds: seconds);
        }

        for (var round = 0; round < run.Options.Rounds; round++)
        {
            await few.MeasureAsync(run, history.Grid, history.Small[round], "10,000 served", cancellationToken);
            await million.MeasureAsync(run, history.Grid, history.Middle, "1,000,000 served", cancellationToken);
            await fiveMillion.MeasureAsync(run, history.Grid, history.Large, "5,000,000 served", cancellationToken);
        }

        Comparison.Report(
            run, "served", "served leads", [(HistoryGrid.Few, few), (HistoryGrid.Million, million), (HistoryGrid.FiveMillion, fiveMillion)]);
    }
}
