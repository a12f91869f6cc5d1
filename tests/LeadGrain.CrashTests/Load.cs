using System.Runtime.ExceptionServices;

namespace LeadGrain.CrashTests;

/// <summary>Clients that go on until they are told to stop; each finishes what it has under way.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _clients;
    private volatile Exception? _failure;

    private Load(IEnumerable<Func<Task>> clients) => _clients = Task.WhenAll([.. clients.Select(Run)]);

    /// <summary>Starts clients, each doing one thing again and again.</summary>
    internal static Load Start(int clients, Func<Task> step) => new(Enumerable.Repeat(step, clients));

    /// <summary>Starts clients, each doing a thing of its own again and again.</summary>
    internal static Load Start(IEnumerable<Func<Task>> steps) => new(steps);

    /// <summary>Throws what a client failed with, if one did.</summary>
    internal void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Tells them to stop and waits until they have.</summary>
    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _clients.WaitAsync(Eventually.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private Task Run(Func<Task> step) => Task.Run(async () =>
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await step();
            }
        }
        catch (Exception failure)
        {
            _failure ??= failure;
            throw;
        }
    });
}
