using LeadGrain.Bench.Load;
using LeadGrain.Bench.Report;
using LeadGrain.Bench.Yardsticks;

namespace LeadGrain.Bench.Scenarios;

/// <summary>
/// Pulls and pushes at full load, each round right beside its yardstick: on 64 namespaces, on a single one, and batches of
/// 100 new leads.
/// </summary>
internal sealed class Throughput : IScenario
{
    private readonly List<double> _claims = [];
    private readonly List<double> _inserts = [];
    private readonly List<double> _bare = [];
    private readonly List<LoadResult> _many = [];
    private readonly List<LoadResult> _one = [];
    private readonly List<LoadResult> _pushes = [];

    public IReadOnlyList<string> Names => ["next", "one", "push", "kestrel"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var yardsticks = await run.YardsticksAsync(cancellationToken);
        var one = new NamespaceGroup("one", "campaign-", 1);
        using var bare = run.Options.Wants("kestrel") ? await BareKestrel.StartAsync(run.Server, cancellationToken) : null;
        await (bare?.MeasureAsync(run.WarmUp, run.Options.Seconds, cancellationToken) ?? Task.FromResult(0d));
        for (var round = 1; round <= run.Options.Rounds; round++)
        {
            if (run.Options.Wants("push"))
            {
                _inserts.Add(await yardsticks.InsertsAsync(run.Options.Seconds, cancellationToken));
                _pushes.Add(await grid.PushAsync(run.Many, cancellationToken));
                run.Say($"push {round}: {Grid.LeadsPerSecond(_pushes[^1]):#,0} leads/s, insert from unnest {_inserts[^1]:#,0}{Windows.Cost(_pushes[^1])}");
            }

            if (run.Options.Wants("next") || run.Options.Wants("one"))
            {
                _claims.Add(await yardsticks.ClaimsAsync(run.Options.Seconds, cancellationToken));
                run.Say($"skip-locked claims {round}: {_claims[^1]:#,0}/s");
            }

            if (bare is not null)
            {
                _bare.Add(await bare.MeasureAsync(run.WarmUp, run.Options.Seconds, cancellationToken));
                run.Say($"bare Kestrel with batched inserts {round}: {_bare[^1]:#,0}/s");
            }

            await PullAsync(run, grid, "next", run.Many, _many, cancellationToken);
            await PullAsync(run, grid, "one", one, _one, cancellationToken);
        }

        Report(run);
    }

    private static async Task PullAsync(
        BenchRun run, Grid grid, string name, NamespaceGroup group, List<LoadResult> results, CancellationToken cancellationToken)
    {
        if (run.Options.Wants(name))
        {
            var result = await grid.PullAsync(group, cancellationToken);
            results.Add(result);
            run.Say($"{name}: {result.PerSecond:#,0}/s, p99 {result.P99:0.0} ms{Windows.Cost(result)}");
        }
    }

    private void Report(BenchRun run)
    {
        run.FullRate = _many.Count > 0 ? Statistics.Median([.. _many.Select(r => r.PerSecond)]) : null;
        const string Claims = "skip-locked claims";
        if (_many.Count > 0)
        {
            run.Report.Add(Figure.Of("next", "next, 64 connections, 64 namespaces", "/s", [.. _many.Select(r => r.PerSecond)])
                .Beside(Claims, _claims).AtLeastTimes(2.5) with { Note = "The last round" + Windows.Cost(_many[^1]) });
            run.Report.Add(Figure.Of("next-p99", "p99 of next under that load", "ms", [.. _many.Select(r => r.P99)]).AtMost(25));
        }

        if (_many.Count > 0 && _bare.Count > 0)
        {
            run.Report.Add(Figure.Of("next-of-bare", "for orientation: next, held against the least that HTTP and a shared insert cost", "/s", [.. _many.Select(r => r.PerSecond)])
                .Beside("bare Kestrel with batched inserts", _bare));
        }

        if (_one.Count > 0)
        {
            run.Report.Add(Figure.Of("next-one", "next, 64 connections, one namespace", "/s", [.. _one.Select(r => r.PerSecond)])
                .Beside(Claims, _claims).AtLeastTimes(1.5));
        }

        if (_pushes.Count > 0)
        {
            run.Report.Add(Figure.Of("push", "push, batches of 100 new leads", "leads/s", [.. _pushes.Select(Grid.LeadsPerSecond)])
                .Beside("insert from unnest", _inserts).AtLeastTimes(1.5).OrAtLeast(250_000));
        }
    }
}
