using LeadGrain.Bench.Report;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Scenarios;

/// <summary>The Orleans host, one silo with the gateway inside, beside the embedded one, each over its own database, in turn.</summary>
internal sealed class HostPair : IScenario
{
    private const double Least = 0.6;

    public IReadOnlyList<string> Names => ["orleans"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        if (await run.ProgramAsync(HostKind.Orleans) is null)
        {
            run.Report.Skip("Orleans host skipped: its packages do not restore here.");
            run.Say("Orleans host skipped: its packages do not restore here");
            return;
        }

        await using var orleans = await run.StartGridAsync("orleans", cancellationToken, HostKind.Orleans, await run.EnrichingAsync(cancellationToken));
        var other = new Host("Orleans", orleans);

        // Both at once: the compilers take one core each at most.
        var (starting, warming) = (run.MainGridAsync(cancellationToken), WarmUpAsync(other, cancellationToken));
        await Task.WhenAll(starting, warming);
        var one = new Host("embedded", await starting);
        await WarmUpAsync(one, cancellationToken);

        for (var round = 0; round < run.Options.Rounds; round++)
        {
            foreach (var host in (Host[])[one, other])
            {
                await host.Windows.MeasureAsync(run, host.Grid, host.Group, host.Name, cancellationToken);
                host.Enrich.Add((await CachedEnrichment.MeasureAsync(run, host.Grid, cancellationToken)).PerSecond);
                run.Say($"{host.Name}: enrich {host.Enrich[^1]:#,0}/s");
            }
        }

        Report(run, "next", "/s", other.Windows.Pulls, one.Windows.Pulls);
        Report(run, "push", "leads/s", other.Windows.Pushes, one.Windows.Pushes);
        Report(run, "enrich", "/s", other.Enrich, one.Enrich);
    }

    private static async Task WarmUpAsync(Host host, CancellationToken cancellationToken)
    {
        await CachedEnrichment.FillAsync(host.Grid, cancellationToken);
        await host.Grid.WarmUpAsync(host.Group, cancellationToken, CachedEnrichment.Plan(host.Grid));
    }

    private static void Report(BenchRun run, string what, string unit, List<double> orleans, List<double> embedded)
        => run.Report.Add(Figure.Of($"orleans-{what}", $"{what} on the Orleans host", unit, orleans)
            .Beside("embedded", embedded).AtLeastTimes(Least));

    private sealed record Host(string Name, Grid Grid)
    {
        internal NamespaceGroup Group { get; } = new("pair", "campaign-", BenchRun.ManyNamespaces);

        internal Windows Windows { get; } = new();

        internal List<double> Enrich { get; } = [];
    }
}
