using System.Runtime.InteropServices;
using LeadGrain.Bench;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Scenarios;
using LeadGrain.Bench.Target;
using LeadGrain.Bench.Yardsticks;
using LeadGrain.Silo;

switch (args)
{
    case [LoadProcess.Command]:
        return LoadProcess.Serve(Console.In, Console.Out);
    case [BareKestrel.Command]:
        return await BareKestrel.ServeAsync();
}

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
IScenario[] scenarios =
[
    new HostPair(), // first: the grid for all and the other host warm up at once
    new Throughput(), new Latency(), new Fairness(), new PullKinds(), new CachedEnrichment(), new HeldTransaction(),
    new IngestedLeads(), new IngestLead(), new ManyNamespaces(), new Memory(), new ServedHistory(), new LeadPages(),
    new SlowDiskPulls(), // last: it restarts the server
];
try
{
    var options = BenchOptions.Parse(args, [.. scenarios.SelectMany(s => s.Names)]);
    return await RunAsync(options);
}
catch (Exception exception) when (stop.IsCancellationRequested && exception is (OperationCanceledException or BenchException or IOException))
{
    return 130; // Ctrl-C reaches the processes that were started too, and what they say then is no news
}
catch (Exception exception) when (exception is BenchException or LocalPostgresException)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}

async Task<int> RunAsync(BenchOptions options)
{
    if (!OperatingSystem.IsLinux())
    {
        throw new BenchException("The benchmark runs on Linux only: its load is made with epoll.");
    }

    var scratch = Path.Combine(HostBuild.Root, "artifacts", "bench", Path.GetRandomFileName());
    var building = options.Host == HostKind.Orleans || options.Wants("orleans") ? HostBuild.OrleansAsync(stop.Token) : Task.FromResult<string?>(null);
    await using var server = await DatabaseServer.StartAsync(scratch, stop.Token);
    await using var run = new BenchRun(options, server, building);
    if (options.Only is null)
    {
        // Beside the compiler: each takes one core.
        await run.MakeHistoryAsync(stop.Token);
    }

    await server.MakeLogAsync(stop.Token);
    await building;
    var machine = MachineFacts.Read(server);
    Console.WriteLine(machine);
    foreach (var scenario in scenarios.Where(s => s.Names.Any(options.Wants)))
    {
        await scenario.RunAsync(run, stop.Token);
    }

    Console.WriteLine($"\n{run.Report.Table()}\n\nIt took {run.Elapsed:mm\\:ss}.");
    await run.Report.WriteAsync(options.Folder ?? Path.Combine(HostBuild.Root, "bench", "results"), machine, options, run.Elapsed);
    return 0;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true; // not at once: what was started is to be stopped first
    stop.Cancel();
}
