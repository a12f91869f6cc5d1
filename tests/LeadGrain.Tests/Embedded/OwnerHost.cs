using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Ownership;
using LeadGrain.Embedded.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Tests.Embedded;

/// <summary>A whole embedded host on a database, with the test's grains in it.</summary>
internal sealed class OwnerHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly OwnerLoop _loop;

    public OwnerHost(
        string connectionString, TimeProvider? time = null, LogSignal? signal = null, Action<IServiceCollection>? configure = null)
    {
        Signal = signal ?? new LogSignal();
        var services = new ServiceCollection()
            .AddSingleton(time ?? TimeProvider.System)
            .AddSingleton(Cells)
            .AddSingleton(Reminded)
            .AddLogging(logging => logging.AddProvider(Signal))
            .AddEmbeddedHost(options =>
            {
                options.ConnectionString = connectionString;
                options.GrainAssemblies.Add(typeof(OwnerHost).Assembly);

                // With a fake clock no heartbeat at all: a jump of the clock would find the answer long overdue. By the true
                // one, an owner that is cut off stops a heartbeat before the database lets another start: a busy machine may
                // take a good part of a second to run what is due.
                options.Heartbeat = time is null ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1);
                options.OwnerTimeout = 5 * options.Heartbeat;
            });
        configure?.Invoke(services);
        _services = services.BuildServiceProvider();
        _loop = _services.GetRequiredService<OwnerLoop>();
    }

    public LogSignal Signal { get; }

    public CellLog Cells { get; } = new();

    public RemindedLog Reminded { get; } = new();

    public OwnerState State => _loop.State;

    public Task OwnedAsync() => _loop.OwnedAsync(CancellationToken.None);

    public long? Term => _services.GetRequiredService<OwnerTerm>().Current;

    public NpgsqlDataSource Store => _services.GetRequiredService<NpgsqlDataSource>();

    public int Activations => _services.GetRequiredService<GrainCatalog>().Count;

    public static async Task<OwnerHost> OwningAsync(string connectionString, TimeProvider? time = null)
    {
        var host = new OwnerHost(connectionString, time);
        await host.StartAsync();
        await host.IsAsync(OwnerState.Owner);
        return host;
    }

    public T Grain<T>(string key)
        where T : IGrainWithStringKey
        => _services.GetRequiredService<IGrainFactory>().GetGrain<T>(key);

    public Task StartAsync() => _loop.StartAsync(CancellationToken.None);

    public Task StopAsync() => _loop.StopAsync(CancellationToken.None).WaitAsync(CellHost.Deadline);

    public Task IsAsync(OwnerState state) => Signal.UntilAsync(() => State == state);

    public Task IsNotAsync(OwnerState state) => Signal.UntilAsync(() => State != state);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
    }
}

/// <summary>Wakes a test at each line that is logged, to look whether what it waits for has come.</summary>
internal sealed class LogSignal : ILoggerProvider, ILogger
{
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(CellHost.Deadline);
        while (true)
        {
            var next = _next.Task;
            if (condition())
            {
                return;
            }

            await next.WaitAsync(deadline.Token);
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => Wake();

    public void Wake()
        => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
        => null;

    public void Dispose()
    {
    }
}
