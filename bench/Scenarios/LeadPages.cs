using LeadGrain.Bench.Report;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Scenarios;

/// <summary>The first page of a tenant's million served leads beside the thousandth, in turn.</summary>
internal sealed class LeadPages : IScenario
{
    private const int Depth = 1_000;
    private const int Limit = 100;
    private const int Pairs = 150;

    public IReadOnlyList<string> Names => ["leads"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var history = await run.HistoryAsync(cancellationToken);
        using var client = new GridClient(history.Grid.Process, history.Middle.Org);
        string? deep = null;
        for (var page = 1; page < Depth; page++)
        {
            deep = (await client.PageAsync(deep, Limit, cancellationToken)).Next;
        }

        var (first, thousandth) = (new List<double>(), new List<double>());
        for (var i = 0; i < Pairs; i++)
        {
            first.Add((await client.PageAsync(null, Limit, cancellationToken)).Took.TotalMilliseconds);
            thousandth.Add((await client.PageAsync(deep, Limit, cancellationToken)).Took.TotalMilliseconds);
        }

        run.Say($"/leads: page 1 {Statistics.Median(first):0.00} ms, page {Depth} {Statistics.Median(thousandth):0.00} ms");
        // Too many to keep them all in the report.
        run.Report.Add((Figure.Of("leads-deep", $"/leads, page {Depth:#,0} of 100 leads each, 1,000,000 served", "ms", thousandth)
            .Beside("page 1", first).AtMostTimes(1.2)) with { Samples = [], YardstickSamples = [] });
    }
}
