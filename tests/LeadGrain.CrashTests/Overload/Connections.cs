using System.Collections.Concurrent;

namespace LeadGrain.CrashTests.Overload;

/// <summary>The connections of a flood that are free; more are opened as they are needed.</summary>
internal sealed class Connections(Uri url) : IDisposable
{
    private readonly ConcurrentBag<FloodConnection> _free = [];

    internal async ValueTask<FloodConnection> TakeAsync() => _free.TryTake(out var connection) ? connection : await FloodConnection.OpenAsync(url);

    /// <summary>A free one; null where there is none.</summary>
    internal FloodConnection? TryTake() => _free.TryTake(out var connection) ? connection : null;

    internal void Put(FloodConnection connection) => _free.Add(connection);

    internal async Task OpenAsync(int connections)
    {
        for (var n = 0; n < connections; n++)
        {
            Put(await FloodConnection.OpenAsync(url));
        }
    }

    public void Dispose()
    {
        while (_free.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }
}
