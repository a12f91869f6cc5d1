namespace LeadGrain.Bench.Scenarios;

/// <summary>A group of figures that are measured together.</summary>
internal interface IScenario
{
    /// <summary>What <c>--only</c> can name of it.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Measures what is wanted, and reports it.</summary>
    Task RunAsync(BenchRun run, CancellationToken cancellationToken);
}
