using LeadGrain.Silo;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Postgres;

/// <summary>Tells when the migrator warns that it waits.</summary>
internal sealed class BusySignal : ILogger<Migrator>
{
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Seen => _seen.Task;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel == LogLevel.Warning)
        {
            _seen.TrySetResult();
        }
    }
}
