using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>What a lease and an idempotency key add to a pull, without a target: each beside plain pulls of the same round.</summary>
internal sealed class PullKinds : IScenario
{
    public IReadOnlyList<string> Names => ["kinds"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var (plain, leased, keyed) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            plain.Add(await PullAsync(run, grid, LoadKind.Next, round, cancellationToken));
            keyed.Add(await PullAsync(run, grid, LoadKind.Keyed, round, cancellationToken));
            leased.Add(await PullAsync(run, grid, LoadKind.Lease, round, cancellationToken));
        }

        run.Report.Add(Figure.Of("next-keyed", "next with an Idempotency-Key", "/s", keyed).Beside("plain", plain));
        run.Report.Add(Figure.Of("next-leased", "next on lease", "/s", leased).Beside("plain", plain));
    }

    // Of namespaces of their own: what is leased is held as long as the grid runs.
    private static async Task<double> PullAsync(BenchRun run, Grid grid, LoadKind kind, int round, CancellationToken cancellationToken)
    {
        var group = new NamespaceGroup($"kinds-{kind}", $"round-{round}-", BenchRun.ManyNamespaces);
        var result = await grid.PullAsync(group, cancellationToken, seconds: run.Short, kind: kind);
        run.Say($"{kind}: {result.PerSecond:#,0}/s{Windows.Cost(result)}");
        return result.PerSecond;
    }
}
