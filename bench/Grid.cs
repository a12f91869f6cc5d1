using System.Diagnostics;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench;

/// <summary>Namespaces that a load goes to, and how many leads wait in them.</summary>
internal sealed class NamespaceGroup(string org, string prefix, int count)
{
    internal string Org { get; } = org;

    internal string Prefix { get; } = prefix;

    internal int Count { get; } = count;

    internal long Waiting { get; set; }
}

/// <summary>A running grid and what is asked of it.</summary>
internal sealed class Grid : IAsyncDisposable
{
    internal const string App = "bench";

    private const int Batch = 100;
    private const int PushConnections = 64;

    // Requests a second. A processor that load keeps busy is not there for the compiler: at this rate a process warms up in half the time
    // that it takes under full load, and two of them side by side as fast as one.
    private const double WarmUpRate = 400;
    private const double WarmUpSeconds = 1;

    // Beyond what is expected, so that no namespace runs dry while others still have leads.
    private const double Reserve = 1.25;
    private const int ReservePerNamespace = 300;

    private readonly BenchRun _run;
    private readonly string _program;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private GridProcess _process;
    private double _mostPulls = 20_000;

    private Grid(BenchRun run, string program, string database, IReadOnlyDictionary<string, string> settings, GridProcess process)
        => (_run, _program, Database, _settings, _process) = (run, program, database, settings, process);

    internal string Database { get; }

    internal GridProcess Process => _process;

    internal static async Task<Grid> StartAsync(
        BenchRun run, string program, string database, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        var process = await GridProcess.StartAsync(program, run.Server.ConnectionString(database), settings, cancellationToken);
        return new Grid(run, program, database, settings, process);
    }

    /// <summary>Starts a new process over the same database.</summary>
    internal async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopAsync();
        _process = await GridProcess.StartAsync(_program, _run.Server.ConnectionString(Database), _settings, cancellationToken);
    }

    /// <summary>Stops the process; the database stays.</summary>
    internal ValueTask StopAsync() => _process.DisposeAsync();

    /// <summary>Pushes and pulls until the process has compiled for good what it runs often.</summary>
    /// <param name="group">Where to and where from.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="more">What else is to be run.</param>
    internal async Task WarmUpAsync(NamespaceGroup group, CancellationToken cancellationToken, params IReadOnlyList<LoadPlan> more)
    {
        await UntilCompiledAsync([Plan(LoadKind.Push, group), Plan(LoadKind.Next, group), .. more], cancellationToken);
        group.Waiting = 0; // some are left, but nobody counted them
    }

    /// <summary>
    /// Repeats loads until the compiler rests. On two cores that takes some 15 seconds, and a request in the first of them costs
    /// several times as much.
    /// </summary>
    internal async Task UntilCompiledAsync(IReadOnlyList<LoadPlan> loads, CancellationToken cancellationToken)
    {
        const double Resting = 0.02;
        const int MostTimes = 20;
        using var client = new GridClient(_process, "any");
        for (var time = 0; time < MostTimes; time++)
        {
            var (start, before) = (Stopwatch.GetTimestamp(), await CompilingAsync());
            foreach (var load in loads)
            {
                await LoadProcess.RunAsync(
                    load with { Series = _run.NextSeries(), Rate = WarmUpRate, Seconds = WarmUpSeconds }, cancellationToken);
            }

            if (await CompilingAsync() - before < Resting * Stopwatch.GetElapsedTime(start).TotalSeconds)
            {
                return;
            }
        }

        Task<double> CompilingAsync() => client.MetricAsync("dotnet_jit_compilation_time_seconds_total", cancellationToken);
    }

    /// <summary>Pulls as fast as the connections go, or at a rate, for the window that the run has; refills before.</summary>
    internal async Task<LoadResult> PullAsync(
        NamespaceGroup group,
        CancellationToken cancellationToken,
        double? rate = null,
        int connections = 64,
        double? seconds = null,
        LoadKind kind = LoadKind.Next)
    {
        while (true)
        {
            await FillForPullAsync(group, cancellationToken, rate, seconds);
            var result = await MeasureAsync(
                Plan(kind, group) with
                {
                    Connections = connections, Rate = rate, WarmUpSeconds = _run.WarmUp, Seconds = seconds ?? _run.Options.Seconds,
                },
                cancellationToken);
            group.Waiting -= result.DoneInAll;
            _mostPulls = Math.Max(_mostPulls, result.PerSecond);
            if (result.Unexpected == 0)
            {
                return result;
            }

            // Faster than ever before: it ran dry, so its figure means nothing.
            group.Waiting = 0;
            _mostPulls *= 1.5;
        }
    }

    /// <summary>Sees to it that the next pull does not run dry.</summary>
    internal Task FillForPullAsync(
        NamespaceGroup group, CancellationToken cancellationToken, double? rate = null, double? seconds = null)
    {
        var pulls = (rate ?? _mostPulls) * ((seconds ?? _run.Options.Seconds) + _run.WarmUp);
        return FillAsync(group, (long)(pulls * Reserve), cancellationToken);
    }

    /// <summary>Pushes new leads for the window that the run has.</summary>
    internal async Task<LoadResult> PushAsync(
        NamespaceGroup group, CancellationToken cancellationToken, double? seconds = null, int connections = PushConnections)
    {
        var result = await MeasureAsync(
            Plan(LoadKind.Push, group) with
            {
                Connections = connections, WarmUpSeconds = _run.WarmUp, Seconds = seconds ?? _run.Options.Seconds,
            },
            cancellationToken);
        group.Waiting += result.DoneInAll * Batch;
        return result.Unexpected == 0 ? result : throw new BenchException($"A push was not buffered whole: {result.Sample}");
    }

    /// <summary>Runs a load with an eye on the servers' processor time.</summary>
    internal async Task<LoadResult> MeasureAsync(LoadPlan plan, CancellationToken cancellationToken)
    {
        var before = CpuMeter.Read(_process.Id, _run.Server.ProcessId);
        var result = await LoadProcess.RunAsync(plan, cancellationToken);
        return result with { ServerCpu = CpuMeter.Read(_process.Id, _run.Server.ProcessId).Since(before) };
    }

    /// <summary>Leads a second of a push.</summary>
    internal static double LeadsPerSecond(LoadResult push) => push.PerSecond * Batch;

    /// <summary>Sees to it that so many leads wait, about evenly.</summary>
    internal async Task FillAsync(NamespaceGroup group, long leads, CancellationToken cancellationToken)
    {
        var missing = leads + (group.Count * ReservePerNamespace) - group.Waiting;
        if (missing <= 0)
        {
            return;
        }

        var requests = (missing + Batch - 1) / Batch;
        await LoadProcess.RunAsync(
            Plan(LoadKind.Push, group) with { Connections = PushConnections, Requests = requests, InTurn = true }, cancellationToken);
        group.Waiting += requests * Batch;
    }

    /// <summary>One pull from each namespace.</summary>
    internal async Task<LoadResult> TouchAsync(NamespaceGroup group, CancellationToken cancellationToken)
    {
        var result = await LoadProcess.RunAsync(Plan(LoadKind.Next, group) with { Requests = group.Count, InTurn = true }, cancellationToken);
        group.Waiting -= result.DoneInAll;
        return result;
    }

    /// <summary>What loads of these namespaces have in common.</summary>
    internal LoadPlan Plan(LoadKind kind, NamespaceGroup group) => new()
    {
        Kind = kind,
        Port = _process.Port,
        Key = GridProcess.Key,
        App = App,
        Org = group.Org,
        Prefix = group.Prefix,
        Count = group.Count,
        Batch = Batch,
        Series = _run.NextSeries(),
    };

    public ValueTask DisposeAsync() => StopAsync();
}
