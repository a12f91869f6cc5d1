using System.Diagnostics;
using LeadGrain.Bench.Report;
using LeadGrain.Bench.Scenarios;
using LeadGrain.Bench.Target;
using LeadGrain.Bench.Yardsticks;
using LeadGrain.Sandbox.Apollo;

namespace LeadGrain.Bench;

/// <summary>What the scenarios of one run share.</summary>
internal sealed class BenchRun(BenchOptions options, DatabaseServer server, Task<string?> orleans) : IAsyncDisposable
{
    /// <summary>As many as the yardstick has.</summary>
    internal const int ManyNamespaces = 64;

    /// <summary>Connections of those who post leads: browsers and senders, each with few posts, so they are many.</summary>
    internal const int Posters = 192;

    private readonly DateTime _began = Process.GetCurrentProcess().StartTime;
    private Grid? _main;
    private FakeApollo? _apollo;
    private Pgbench? _pgbench;
    private HistoryGrid? _history;
    private bool _historyRuns;
    private int _series;

    internal BenchOptions Options { get; } = options;

    internal DatabaseServer Server { get; } = server;

    internal BenchReport Report { get; } = new();

    internal TimeSpan Elapsed => DateTime.Now - _began;

    /// <summary>Seconds of load before each measured window.</summary>
    internal double WarmUp => Math.Min(0.3, Options.Seconds / 4);

    /// <summary>Seconds of a window where many are compared with each other, and of pushes, which also fill up for the pulls.</summary>
    internal double Short => Options.Seconds * 2 / 3;

    /// <summary>The namespaces that the full load goes to.</summary>
    internal NamespaceGroup Many { get; } = new("many", "campaign-", ManyNamespaces);

    /// <summary>Pulls a second at full load, once that is known.</summary>
    internal double? FullRate { get; set; }

    /// <summary>A number that no other load of this run has.</summary>
    internal uint NextSeries() => (uint)Interlocked.Increment(ref _series);

    /// <summary>Tells the person who waits how it goes.</summary>
    internal void Say(string line) => Console.WriteLine($"{Elapsed:mm\\:ss} {line}");

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

    /// <summary>The program of a host; null where it was not built, or cannot be here.</summary>
    internal Task<string?> ProgramAsync(HostKind host) => host == HostKind.Embedded ? Task.FromResult<string?>(HostBuild.Embedded) : orleans;

    /// <summary>Starts the host under test, or another, over a new database.</summary>
    internal async Task<Grid> StartGridAsync(
        string database, CancellationToken cancellationToken, HostKind? host = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var program = await ProgramAsync(host ?? Options.Host)
            ?? throw new BenchException($"The {host ?? Options.Host} host cannot be built here.");
        await Server.CreateDatabaseAsync(database, cancellationToken);
        return await Grid.StartAsync(this, program, database, settings ?? new Dictionary<string, string>(), cancellationToken);
    }

    /// <summary>The grid that the full load goes to, started and warmed up when first asked for; it ends with the run.</summary>
    internal async Task<Grid> MainGridAsync(CancellationToken cancellationToken)
    {
        if (_main is null)
        {
            _main = await StartGridAsync("grid", cancellationToken, settings: await EnrichingAsync(cancellationToken));
            Say("warming up");
            await _main.WarmUpAsync(Many, cancellationToken);
        }

        return _main;
    }

    /// <summary>Settings of a grid that enriches from the sandbox's Apollo, and asks no name server about leads.</summary>
    internal async Task<Dictionary<string, string>> EnrichingAsync(CancellationToken cancellationToken)
    {
        _apollo ??= await FakeApollo.StartAsync(new FakeApolloOptions { RatePerMinute = null }, cancellationToken);
        return new()
        {
            ["APOLLO_SERVICE_URL"] = _apollo.Url.ToString(), ["APOLLO_SERVICE_API_KEY"] = _apollo.ApiKey, ["GATE_DNS"] = "false",
        };
    }

    /// <summary>Makes the grid with a long history, where that is not made yet.</summary>
    internal async Task<HistoryGrid> MakeHistoryAsync(CancellationToken cancellationToken)
        => _history ??= await HistoryGrid.MakeAsync(this, cancellationToken);

    /// <summary>The grid with a long history, running; it ends with the run.</summary>
    internal async Task<HistoryGrid> HistoryAsync(CancellationToken cancellationToken)
    {
        var history = await MakeHistoryAsync(cancellationToken);
        if (!_historyRuns)
        {
            await history.Grid.RestartAsync(cancellationToken);
            _historyRuns = true;
        }

        return history;
    }

    public async ValueTask DisposeAsync()
    {
        await (_history?.Grid.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_main?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_apollo?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
