using LeadGrain.Bench.Report;

namespace LeadGrain.Bench.Scenarios;

/// <summary>Reports cases that differ in a number which should not matter: each is held against the first.</summary>
internal static class Comparison
{
    // Within 20 % of each other.
    private const double Least = 0.8;

    internal static void Report(BenchRun run, string id, string what, IReadOnlyList<(int Count, Windows Windows)> cases)
    {
        var (first, beside) = cases[0];
        foreach (var (count, windows) in cases.Skip(1))
        {
            run.Report.Add(Figure.Of($"next-{id}-{count}", $"next with {count:#,0} {what}", "/s", windows.Pulls)
                .Beside($"with {first:#,0}", beside.Pulls).AtLeastTimes(Least));
            run.Report.Add(Figure.Of($"push-{id}-{count}", $"push with {count:#,0} {what}", "leads/s", windows.Pushes)
                .Beside($"with {first:#,0}", beside.Pushes).AtLeastTimes(Least));
        }

        IReadOnlyList<string> ticks = [.. cases.Select(c => $"{c.Count:#,0}")];
        run.Report.Add(new Chart($"next-by-{id}", $"next by {what}, 64 connections, one namespace", what, "pulls/s", ticks,
            [new Curve("next", [.. cases.Select(c => Statistics.Median(c.Windows.Pulls))])]));
        run.Report.Add(new Chart($"push-by-{id}", $"push by {what}, batches of 100, one namespace", what, "leads/s", ticks,
            [new Curve("push", [.. cases.Select(c => Statistics.Median(c.Windows.Pushes))])]));
    }
}
