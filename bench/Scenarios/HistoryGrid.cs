using System.Globalization;
using LeadGrain.Bench.History;

namespace LeadGrain.Bench.Scenarios;

/// <summary>A grid with organizations that have served ten thousand, a million and five million leads, one namespace each.</summary>
internal sealed class HistoryGrid
{
    internal const int Few = 10_000;
    internal const int Million = 1_000_000;
    internal const int FiveMillion = 5_000_000;

    // As the target for the activation says.
    private const int Waiting = 100_000;

    private HistoryGrid(BenchRun run, Grid grid)
    {
        Grid = grid;
        // A few thousand soon become many, so each round has its own.
        Small = [.. Enumerable.Range(0, run.Options.Rounds + 1).Select(i => Group(string.Create(CultureInfo.InvariantCulture, $"small-{i}")))];
    }

    internal Grid Grid { get; }

    internal IReadOnlyList<NamespaceGroup> Small { get; }

    internal NamespaceGroup Middle { get; } = Group("million");

    internal NamespaceGroup Large { get; } = Group("five-million");

    /// <summary>Makes one. Its process is stopped until it is needed.</summary>
    internal static async Task<HistoryGrid> MakeAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var history = new HistoryGrid(run, await run.StartGridAsync("history", cancellationToken));
        run.Say("writing a history of six million served leads");
        await new SeededHistory(run.Server, history.Grid.Database).AddServedAsync(
            [
                .. history.Small.Select(g => (g, (long)Few, 0L)),
                (history.Middle, Million, Waiting),
                (history.Large, FiveMillion, Waiting),
            ],
            cancellationToken);
        await history.Grid.StopAsync();
        return history;
    }

    private static NamespaceGroup Group(string org) => new(org, "campaign-", 1);
}
