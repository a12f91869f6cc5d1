using System.Globalization;
using LeadGrain.Bench.History;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>The same load on one namespace, with none, 999 and 99,999 idle ones beside it, each in a grid of its own, in turn.</summary>
internal sealed class ManyNamespaces : IScenario
{
    // All exist in the database; of the most numerous, so many have also been active in the process, and are still held.
    private const int MostActive = 1_000;

    private static readonly int[] s_counts = [1, 1_000, 100_000];

    public IReadOnlyList<string> Names => ["namespaces"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var cases = new List<(int Count, Grid Grid, NamespaceGroup Busy, Windows Windows)>();
        try
        {
            foreach (var count in s_counts)
            {
                var grid = await run.StartGridAsync(string.Create(CultureInfo.InvariantCulture, $"namespaces{count}"), cancellationToken);
                var busy = new NamespaceGroup("busy", "campaign-", 1);
                cases.Add((count, grid, busy, new Windows()));
                await AddIdleAsync(run, grid, count - 1, cancellationToken);
            }

            // All at once: the compilers take one core each at most.
            await Task.WhenAll(cases.Select(c => c.Grid.WarmUpAsync(c.Busy, cancellationToken)));
            foreach (var (_, grid, busy, _) in cases)
            {
                await OpenSessionsAsync(run, grid, busy, cancellationToken);
            }

            for (var round = 0; round < run.Options.Rounds; round++)
            {
                // Each comes first once: what one leaves to the disk, the next one meets.
                foreach (var (count, grid, busy, windows) in cases.Skip(round % cases.Count).Concat(cases.Take(round % cases.Count)))
                {
                    await windows.MeasureAsync(run, grid, busy, $"{count:#,0} namespaces", cancellationToken);
                }
            }
        }
        finally
        {
            foreach (var c in cases)
            {
                await c.Grid.DisposeAsync();
            }
        }

        Comparison.Report(run, "namespaces", "namespaces", [.. cases.Select(c => (c.Count, c.Windows))]);
    }

    // A session of the server is slow until it has mapped the server's cache: one alone, as of a grid that never did two things at once,
    // is through with that sooner than the six of any other. So all grids have them.
    private static async Task OpenSessionsAsync(BenchRun run, Grid grid, NamespaceGroup busy, CancellationToken cancellationToken) => await Task.WhenAll(
        ((LoadKind[])[LoadKind.Push, LoadKind.Keyed]).Select(kind => LoadProcess.RunAsync(
            grid.Plan(kind, busy) with { Seconds = run.Options.Seconds }, cancellationToken)));

    private static async Task AddIdleAsync(BenchRun run, Grid grid, int count, CancellationToken cancellationToken)
    {
        if (count == 0)
        {
            return;
        }

        run.Say($"adding {count:#,0} idle namespaces");
        var idle = new NamespaceGroup("idle", "idle-", count);
        await new SeededHistory(run.Server, grid.Database).AddNamespacesAsync(idle, cancellationToken);
        await grid.TouchAsync(new NamespaceGroup(idle.Org, idle.Prefix, Math.Min(count, MostActive)), cancellationToken);
    }
}
