using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Ingestion;

/// <summary>A line of a log with its fields.</summary>
internal sealed record LogEntry(LogLevel Level, string Text, IReadOnlyDictionary<string, object?> Fields);

/// <summary>Keeps every log line with its fields.</summary>
internal sealed class LogEntries : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    internal IReadOnlyCollection<LogEntry> All => _entries;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var fields = new Dictionary<string, object?>();
        foreach (var (name, value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
        {
            fields[name] = value;
        }

        _entries.Enqueue(new LogEntry(logLevel, $"{formatter(state, exception)} {exception}", fields));
    }

    public void Dispose()
    {
    }
}
