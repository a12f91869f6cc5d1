using System.Diagnostics;
using LeadGrain.Bench.Report;
using LeadGrain.Bench.Scenarios;
using LeadGrain.Bench.Target;
using LeadGrain.Bench.Yardsticks;

namespace LeadGrain.Bench;

/// <summary>What the scenarios of one run share.</summary>
internal sealed class BenchRun(BenchOptions options, DatabaseServer server) : IAsyncDisposable
{
    /// <summary>As many as the yardstick has.</summary>
    internal const int ManyNamespaces = 64;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<HostKind, string?> _programs = [];
    private Grid? _main;
    private Pgbench? _pgbench;
    private HistoryGrid? _history;
    private int _series;

    internal BenchOptions Options { get; } = options;

    internal DatabaseServer Server { get; } = server;

    internal BenchReport Report { get; } = new();

    internal TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Seconds of load before each measured window.</summary>
    internal double WarmUp => Math.Min(0.5, Options.Seconds / 4);

    /// <summary>Seconds of a window where many are compared with each other, and of pushes, which also fill up for the pulls.</summary>
    internal double Short => Options.Seconds * 2 / 3;

    /// <summary>The namespaces that the full load goes to.</summary>
    internal NamespaceGroup Many { get; } = new("many", "campaign-", ManyNamespaces);

    /// <summary>Pulls a second at full load, once that is known.</summary>
    internal double? FullRate { get; set; }

    /// <summary>A number that no other load of this run has.</summary>
    internal uint NextSeries() => (uint)Interlocked.Increment(ref _series);

    /// <summary>Tells the person who waits how it goes.</summary>
    internal void Say(string line) => Console.WriteLine($"{_clock.Elapsed:mm\\:ss} {line}");

    internal async Task<Pgbench> YardsticksAsync(CancellationToken cancellationToken)
    {
        if (_pgbench is null)
        {
            Say("filling the yardsticks' database");
            _pgbench = new Pgbench(Server);
            await _pgbench.PrepareAsync(cancellationToken);
        }

        return _pgbench;
    }

    /// <summary>The program of a host; null where it cannot be built here.</summary>
    internal async Task<string?> ProgramAsync(HostKind host, CancellationToken cancellationToken)
        => _programs.TryGetValue(host, out var known) ? known : _programs[host] = await HostBuild.FindAsync(host, cancellationToken);

    /// <summary>Starts the host under test, or another, over a new database.</summary>
    internal async Task<Grid> StartGridAsync(
        string database, CancellationToken cancellationToken, HostKind? host = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var program = await ProgramAsync(host ?? Options.Host, cancellationToken)
            ?? throw new BenchException($"The {host ?? Options.Host} host cannot be built here.");
        await Server.CreateDatabaseAsync(database, cancellationToken);
        return await Grid.StartAsync(this, program, database, settings ?? new Dictionary<string, string>(), cancellationToken);
    }

    /// <summary>The grid that the full load goes to, started when first asked for; it ends with the run.</summary>
    internal async Task<Grid> MainGridAsync(CancellationToken cancellationToken)
        => _main ??= await StartGridAsync("grid", cancellationToken);

    /// <summary>The grid with a long history, made when first asked for; it ends with the run.</summary>
    internal async Task<HistoryGrid> HistoryAsync(CancellationToken cancellationToken)
        => _history ??= await HistoryGrid.OpenAsync(this, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await (_history?.Grid.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_main?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
