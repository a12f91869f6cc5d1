using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>One organization's twenty pulls a second, on a schedule, while another's 50 connections ask as fast as they can.</summary>
internal sealed class Fairness : IScenario
{
    private const int FloodConnections = 50;
    private const int FloodNamespaces = 8;
    private const double CalmRate = 20;
    private const double MostMilliseconds = 50;

    // Of 100 requests the p99 is the slowest but one. A disk that stands still for a moment has more of them wait: the median of the rounds
    // counts.
    private const double CalmSeconds = 5;

    // Around the measured time, so that no request of it meets a grid without the flood.
    private const double Margin = 0.5;

    public IReadOnlyList<string> Names => ["fairness"];

    // Of the flood: as long as the calm organization's load and its warm-up.
    private const double Length = CalmSeconds + (3 * Margin);

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var (calm, flood) = (new NamespaceGroup("calm", "campaign-", 1), new NamespaceGroup("flood", "campaign-", FloodNamespaces));
        await grid.FillAsync(calm, (long)(CalmRate * Length * ((2 * run.Options.Rounds) + 2)), cancellationToken);
        var (none, pulls, pushes) = (new List<double>(), new List<double>(), new List<double>());
        none.Add(await MeasureAsync(run, "none", null, grid, calm, cancellationToken));
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            await grid.FillForPullAsync(flood, cancellationToken, seconds: Length);
            pulls.Add(await MeasureAsync(
                run, "pulls", () => grid.PullAsync(flood, cancellationToken, connections: FloodConnections, seconds: Length), grid, calm, cancellationToken));
            pushes.Add(await MeasureAsync(
                run, "pushes of 100", () => grid.PushAsync(flood, cancellationToken, Length, FloodConnections), grid, calm, cancellationToken));
        }

        run.Report.Add(Of("none", none));
        run.Report.Add(Of("pulls", pulls).AtMost(MostMilliseconds));
        run.Report.Add(Of("pushes of 100", pushes).AtMost(MostMilliseconds));
    }

    private static Figure Of(string kind, List<double> tails) => Figure.Of(
        $"fairness-{kind.Replace(' ', '-')}", $"p99 of an organization's {CalmRate} pulls a second beside another's flood: {kind}", "ms", tails);

    private static async Task<double> MeasureAsync(
        BenchRun run, string kind, Func<Task<LoadResult>>? flood, Grid grid, NamespaceGroup calm, CancellationToken cancellationToken)
    {
        var flooding = flood?.Invoke();
        await Task.Delay(TimeSpan.FromSeconds(Margin), cancellationToken);
        var result = await grid.MeasureAsync(
            grid.Plan(LoadKind.Next, calm) with { Connections = 16, Rate = CalmRate, WarmUpSeconds = run.WarmUp, Seconds = CalmSeconds }, cancellationToken);
        var flooded = flooding is null ? null : await flooding;
        run.Say($"{CalmRate} pulls a second beside {kind}: p50 {result.Latency["50"]:0.0} ms, p99 {result.P99:0.0} ms; the flood {flooded?.PerSecond ?? 0:#,0} requests/s");
        return result.P99;
    }
}
