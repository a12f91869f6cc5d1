using System.Globalization;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>How long pulls take when requests come by a schedule that waits for nobody.</summary>
internal sealed class Latency : IScenario
{
    // Many, so that requests which come while others are slow are sent at once; what waits for a connection counts as waiting.
    private const int Connections = 256;

    private static readonly double[] s_moreLoads = [0.25, 0.5, 0.75];

    public IReadOnlyList<string> Names => ["latency"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var full = await grid.PullAsync(run.Many, cancellationToken);
        var rate = run.FullRate ??= full.PerSecond;
        var yardsticks = await run.YardsticksAsync(cancellationToken);
        var (tenth, claims) = (new List<LoadResult>(), new List<double>());
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            claims.Add(await yardsticks.ClaimsP99Async(rate / 10, run.Options.Seconds, cancellationToken));
            run.Say($"skip-locked claims at the same rate: p99 {claims[^1]:0.00} ms");
            tenth.Add(await AtAsync(run, grid, rate, 0.1, cancellationToken));
        }

        var curves = new List<Curve> { Curve("10 %", tenth.MinBy(r => Math.Abs(r.P99 - Statistics.Median([.. tenth.Select(t => t.P99)])))!) };
        foreach (var share in s_moreLoads)
        {
            curves.Add(Curve($"{share * 100} %", await AtAsync(run, grid, rate, share, cancellationToken)));
        }

        curves.Add(Curve("closed loop", full));
        run.Report.Add(Figure.Of("next-p99-tenth", $"p99 of next at a tenth of it ({rate / 10:#,0}/s, open loop)", "ms", [.. tenth.Select(r => r.P99)])
            .Beside("p99 of skip-locked claims at that rate", claims).AtMost(5));
        run.Report.Add(new Chart(
            "latency", "next: latency by percentile and load, open loop", "percentile", "ms", [.. full.Latency.Keys.SkipLast(1)], curves));
    }

    private static async Task<LoadResult> AtAsync(BenchRun run, Grid grid, double full, double share, CancellationToken cancellationToken)
    {
        var result = await grid.PullAsync(run.Many, cancellationToken, full * share, Connections);
        run.Say($"next at {(share * 100).ToString("0", CultureInfo.InvariantCulture)} %: {result.PerSecond:#,0}/s, p50 {result.Latency["50"]:0.00} ms, p99 {result.P99:0.00} ms");
        return result;
    }

    // The greatest value of all says more about the machine than about the grid, and would flatten the rest.
    private static Curve Curve(string name, LoadResult result) => new(name, [.. result.Latency.Values.SkipLast(1)]);
}
