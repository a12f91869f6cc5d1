using LeadGrain.Bench.Report;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Scenarios;

/// <summary>Pulls on a disk whose flushes take 2 ms, beside the disk as it is, on the same server in turn.</summary>
internal sealed class SlowDiskPulls : IScenario
{
    private static readonly TimeSpan s_flush = TimeSpan.FromMilliseconds(2);

    public IReadOnlyList<string> Names => ["slowdisk"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var disk = await SlowDisk.BuildAsync(run.Server, cancellationToken);
        await RestartAsync(run, grid, disk, cancellationToken);
        await grid.PullAsync(run.Many, cancellationToken); // the server's memory is empty yet
        var (plain, slow) = (new List<double>(), new List<double>());
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            await grid.FillForPullAsync(run.Many, cancellationToken);
            plain.Add((await grid.PullAsync(run.Many, cancellationToken)).PerSecond);
            await grid.FillForPullAsync(run.Many, cancellationToken);
            disk.TakeAtLeast(s_flush);
            slow.Add((await grid.PullAsync(run.Many, cancellationToken)).PerSecond);
            disk.TakeAtLeast(TimeSpan.Zero);
            run.Say($"next with flushes of 2 ms: {slow[^1]:#,0}/s beside {plain[^1]:#,0}/s");
        }

        await RestartAsync(run, grid, null, cancellationToken);
        run.Report.Add(Figure.Of("next-slow-disk", "next with every flush taking 2 ms", "/s", slow)
            .Beside("the disk as it is", plain).AtLeastTimes(0.5));
    }

    private static async Task RestartAsync(BenchRun run, Grid grid, SlowDisk? disk, CancellationToken cancellationToken)
    {
        await run.Server.RestartAsync(disk, cancellationToken);
        using var client = new GridClient(grid.Process, "any");
        await client.ReadyAsync(cancellationToken);
    }
}
