using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>One organization's ten pulls a second, on a schedule, while another's 50 connections ask as fast as they can.</summary>
internal sealed class Fairness : IScenario
{
    private const int FloodConnections = 50;
    private const int FloodNamespaces = 8;
    private const double CalmRate = 10;
    private const double MostMilliseconds = 50;

    // Of 100 requests the p99 is the slowest but one.
    private const double CalmSeconds = 10;

    // Around the measured time, so that no request of it meets a grid without the flood.
    private const double Margin = 0.5;

    public IReadOnlyList<string> Names => ["fairness"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var (calm, flood) = (new NamespaceGroup("calm", "campaign-", 1), new NamespaceGroup("flood", "campaign-", FloodNamespaces));
        await grid.WarmUpAsync(calm, cancellationToken);
        await grid.FillAsync(calm, (long)(4 * CalmRate * (CalmSeconds + Margin)), cancellationToken);
        await MeasureAsync(run, "none", null, grid, calm, cancellationToken);
        await grid.FillForPullAsync(flood, cancellationToken, seconds: Length);
        await MeasureAsync(run, "pulls", () => grid.PullAsync(flood, cancellationToken, connections: FloodConnections, seconds: Length), grid, calm, cancellationToken);
        await MeasureAsync(run, "pushes of 100", () => grid.PushAsync(flood, cancellationToken, Length, FloodConnections), grid, calm, cancellationToken);
    }

    private static double Length => CalmSeconds + (2 * Margin);

    private static async Task MeasureAsync(
        BenchRun run, string kind, Func<Task<LoadResult>>? flood, Grid grid, NamespaceGroup calm, CancellationToken cancellationToken)
    {
        var flooding = flood?.Invoke();
        await Task.Delay(TimeSpan.FromSeconds(Margin), cancellationToken);
        var result = await grid.MeasureAsync(
            grid.Plan(LoadKind.Next, calm) with { Connections = 16, Rate = CalmRate, Seconds = CalmSeconds }, cancellationToken);
        var flooded = flooding is null ? null : await flooding;
        run.Say($"ten pulls a second beside {kind}: p50 {result.Latency["50"]:0.0} ms, p99 {result.P99:0.0} ms; the flood {flooded?.PerSecond ?? 0:#,0} requests/s");
        var figure = Figure.Of($"fairness-{kind.Replace(' ', '-')}", $"p99 of an organization's 10 pulls a second beside another's flood: {kind}", "ms", [result.P99]);
        run.Report.Add(flood is null ? figure : figure.AtMost(MostMilliseconds));
    }
}
