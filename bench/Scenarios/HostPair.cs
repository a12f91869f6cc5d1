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
        if (run.Program(HostKind.Orleans) is null)
        {
            run.Report.Skip("Orleans host skipped: its packages do not restore here.");
            run.Say("Orleans host skipped: its packages do not restore here");
            return;
        }

        var embedded = await run.MainGridAsync(cancellationToken);
        await using var orleans = await run.StartGridAsync("orleans", cancellationToken, HostKind.Orleans, await run.EnrichingAsync(cancellationToken));
        Host[] hosts = [new("embedded", embedded), new("Orleans", orleans)];
        foreach (var host in hosts)
        {
            await CachedEnrichment.FillAsync(host.Grid, cancellationToken);
            await host.Grid.WarmUpAsync(host.Group, cancellationToken, CachedEnrichment.Plan(host.Grid));
        }

        for (var round = 0; round < run.Options.Rounds; round++)
        {
            foreach (var host in hosts)
            {
                await host.Windows.MeasureAsync(run, host.Grid, host.Group, host.Name, cancellationToken);
                host.Enrich.Add((await CachedEnrichment.MeasureAsync(run, host.Grid, cancellationToken)).PerSecond);
                run.Say($"{host.Name}: enrich {host.Enrich[^1]:#,0}/s");
            }
        }

        var (one, other) = (hosts[0], hosts[1]);
        Report(run, "next", "/s", other.Windows.Pulls, one.Windows.Pulls);
        Report(run, "push", "leads/s", other.Windows.Pushes, one.Windows.Pushes);
        Report(run, "enrich", "/s", other.Enrich, one.Enrich);
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
