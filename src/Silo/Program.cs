using System.Runtime.InteropServices;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Sandbox.Clay;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Silo;

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var folder = Path.GetFullPath(Environment.GetEnvironmentVariable("DATA_DIR") is { Length: > 0 } given ? given : ".data");
    var port = Settings.Port(Environment.GetEnvironmentVariable("PORT"));
    var databaseWait = Settings.DatabaseWait(Environment.GetEnvironmentVariable("DATABASE_WAIT"));
    var level = Telemetry.Level(Environment.GetEnvironmentVariable("LOG_LEVEL"));
    using var logs = LoggerFactory.Create(logging => logging.AddLines(Telemetry.IsForMachines).SetMinimumLevel(level > LogLevel.Warning ? level : LogLevel.Warning));
    var sandbox = args.Contains("--sandbox") ? SandboxSettings.Read(Environment.GetEnvironmentVariable) : null;
    await using var apollo = sandbox is null ? null : await FakeApollo.StartAsync(cancellationToken: stop.Token);
    await using var smartlead = sandbox is null ? null : await FakeSmartlead.StartAsync(sandbox.Smartlead, stop.Token);
    await using var clay = sandbox is null ? null : await FakeClay.StartAsync(sandbox.Clay, stop.Token);
    await using var database = await GridDatabase.OpenAsync(
        Environment.GetEnvironmentVariable("DATABASE_URL"), folder, GrainHost.SqlFolders, databaseWait, logs, stop.Token);
    var givenKey = Environment.GetEnvironmentVariable("API_KEY");
    var (key, keyNote) = string.IsNullOrWhiteSpace(givenKey) ? ApiKeyFile.ReadOrMake(folder) : (givenKey, null);
    var settings = new GridSettings(database.ConnectionString, key, port, LoopbackOnly: string.IsNullOrWhiteSpace(givenKey))
    {
        Overrides = Settings.Overrides(folder, apollo, smartlead),
    };
    await using var app = Grid.Build(settings);
    await app.StartAsync(stop.Token);
    var ready = app.Services.GetRequiredService<ReadyLine>().PrintAsync(
        app.Urls.First(), database.Description, keyNote, Settings.SandboxNote(apollo, smartlead, clay), stop.Token);
    await app.WaitForShutdownAsync(stop.Token);
    await ready;
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (Exception exception) when (Settings.Explain(exception) is { } explanation)
{
    await Console.Error.WriteLineAsync(explanation);
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true; // not at once: gracefully
    stop.Cancel();
}
