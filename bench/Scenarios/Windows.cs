using LeadGrain.Bench.Load;

namespace LeadGrain.Bench.Scenarios;

/// <summary>What one case of a comparison made, round by round.</summary>
internal sealed class Windows
{
    internal List<double> Pulls { get; } = [];

    internal List<double> Pushes { get; } = [];

    /// <summary>Forgets what was measured so far.</summary>
    internal void Clear()
    {
        Pulls.Clear();
        Pushes.Clear();
    }

    /// <summary>One short window of pushes, then one of pulls of what they left.</summary>
    internal async Task MeasureAsync(BenchRun run, Grid grid, NamespaceGroup group, string name, CancellationToken cancellationToken)
    {
        var push = await grid.PushAsync(group, cancellationToken, run.Short);
        var pull = await grid.PullAsync(group, cancellationToken, seconds: run.Short);
        Pushes.Add(Grid.LeadsPerSecond(push));
        Pulls.Add(pull.PerSecond);
        run.Say($"{name}: push {Pushes[^1]:#,0} leads/s, next {Pulls[^1]:#,0}/s{Cost(pull)}");
    }

    /// <summary>Where the processor time of a request went.</summary>
    internal static string Cost(LoadResult load)
    {
        var (each, all) = (1e6 / Math.Max(1, load.Done), 1e6 / Math.Max(1, load.DoneInAll));
        return $"; µs CPU a request: grid {load.ServerCpu.Grid * all:0}, PostgreSQL {load.ServerCpu.Postgres * all:0}, load {load.CpuSeconds * each:0.0}";
    }
}
