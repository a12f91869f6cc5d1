using LeadGrain.Bench.History;
using LeadGrain.Bench.Report;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Scenarios;

/// <summary>What a long history costs a process: time to take it up, memory to hold it, memory left when it is put away.</summary>
internal sealed class Memory : IScenario
{
    private const int WarmPulls = 200;

    public IReadOnlyList<string> Names => ["memory"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var history = await run.HistoryAsync(cancellationToken);
        await MeasureActivationAsync(run, history, cancellationToken);
        await MeasureServedAsync(run, history, cancellationToken);
        if (run.Options.Host == HostKind.Embedded)
        {
            await MeasureIdleAsync(run, cancellationToken);
        }
        else
        {
            run.Report.Skip("Idle namespaces skipped: the Orleans host's collection age is not a setting.");
        }
    }

    private static async Task MeasureActivationAsync(BenchRun run, HistoryGrid history, CancellationToken cancellationToken)
    {
        var (warm, cold) = (history.Small[0], new List<double>());
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            await history.Grid.FillAsync(warm, WarmPulls, cancellationToken);
            await history.Grid.RestartAsync(cancellationToken);
            using var client = new GridClient(history.Grid.Process, warm.Org);
            var usual = new List<double>();
            for (var i = 0; i < WarmPulls; i++)
            {
                usual.Add((await client.PullAsync(warm, cancellationToken)).TotalMilliseconds);
            }

            using var first = new GridClient(history.Grid.Process, history.Middle.Org);
            var took = (await first.PullAsync(history.Middle, cancellationToken)).TotalMilliseconds;
            cold.Add(Math.Max(0, took - Statistics.Median(usual)));
            run.Say($"activation with 1,000,000 served and 100,000 waiting: {took:0} ms, a warm pull {Statistics.Median(usual):0.0} ms");
        }

        run.Report.Add(Figure.Of("activation", "activation with 1,000,000 served, 100,000 waiting", "ms", cold).AtMost(1000));
    }

    private static async Task MeasureServedAsync(BenchRun run, HistoryGrid history, CancellationToken cancellationToken)
    {
        // A heap that has its working size, so that what comes on top is the history.
        var (grid, warm) = (history.Grid, history.Small[0]);
        await grid.RestartAsync(cancellationToken);
        await UseAsync(grid, warm, cancellationToken);
        var before = await SettledAsync(grid, cancellationToken);
        foreach (var (group, served, words) in ((NamespaceGroup, int, string)[])
            [(history.Middle, HistoryGrid.Million, "1,000,000"), (history.Large, HistoryGrid.FiveMillion, "5,000,000")])
        {
            await grid.TouchAsync(group, cancellationToken);
            await grid.FillAsync(group, group.Waiting, cancellationToken);
            var after = await SettledAsync(grid, cancellationToken);
            run.Say($"resident with {words} served: {after >> 20} MiB, before {before >> 20} MiB");
            run.Report.Add(Figure.Of($"memory-{served}", $"memory a served lead, {words} active", "bytes", [Math.Max(0, after - before) / (double)served]).AtMost(40));
            before = after;
        }
    }

    private static async Task MeasureIdleAsync(BenchRun run, CancellationToken cancellationToken)
    {
        const int Batch = 1_000;
        var settings = new Dictionary<string, string> { ["EmbeddedHost__CollectionAge"] = "00:00:02" };
        await using var grid = await run.StartGridAsync("idle", cancellationToken, settings: settings);
        await UseAsync(grid, new NamespaceGroup("warm", "campaign-", 1), cancellationToken);
        var (live, whileActive) = (new List<long>(), 0.0);
        foreach (var org in (string[])["first", "second"])
        {
            var group = new NamespaceGroup(org, "idle-", Batch);
            await new SeededHistory(run.Server, grid.Database).AddNamespacesAsync(group, cancellationToken);
            var before = grid.Process.ResidentBytes();
            await grid.TouchAsync(group, cancellationToken);
            whileActive = Math.Max(whileActive, (grid.Process.ResidentBytes() - before) / (double)Batch);
            await UntilPutAwayAsync(grid, cancellationToken);
            live.Add(await LiveHeap.BytesAsync(grid.Process, cancellationToken));
            run.Say($"live heap after {Batch:#,0} more namespaces came and went: {live[^1] >> 10} KiB, resident {grid.Process.ResidentBytes() >> 20} MiB");
        }

        // The first ones bring caches and pools to their size; what further ones leave behind is what counts.
        var left = Math.Max(0, live[1] - live[0]) / (double)Batch;
        run.Report.Add(Figure.Of("memory-idle", "memory that a namespace leaves when put away", "bytes", [left])
            .Beside("resident while active", [whileActive]).AtMostTimes(0.1));
    }

    // So that what a process takes anyway is there. Its compiler need not rest: nothing is timed.
    private static async Task UseAsync(Grid grid, NamespaceGroup group, CancellationToken cancellationToken)
    {
        const double Seconds = 2;
        await grid.PushAsync(group, cancellationToken, Seconds);
        await grid.PullAsync(group, cancellationToken, seconds: Seconds);
        await grid.PushAsync(group, cancellationToken, Seconds);
    }

    private static async Task UntilPutAwayAsync(Grid grid, CancellationToken cancellationToken)
    {
        using var client = new GridClient(grid.Process, "any");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (await client.MetricAsync("leadgrain_buffer_active_namespaces", patience.Token) > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), patience.Token);
        }
    }

    /// <summary>Resident memory once it stands still.</summary>
    private static async Task<long> SettledAsync(Grid grid, CancellationToken cancellationToken)
    {
        const long Still = 1 << 20;
        var last = new List<long>();
        for (var i = 0; i < 30; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
            last.Add(grid.Process.ResidentBytes());
            if (last.Count >= 6 && last[^6..].Max() - last[^6..].Min() < Still)
            {
                break;
            }
        }

        return last[^1];
    }
}
