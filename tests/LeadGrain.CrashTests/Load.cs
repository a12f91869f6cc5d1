using System.Runtime.ExceptionServices;

namespace LeadGrain.CrashTests;

/// <summary>Clients that go on until they are told to stop; each finishes what it has under way.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly int _count;
    private readonly SemaphoreSlim _turns;
    private readonly Task _clients;
    private volatile Exception? _failure;

    private Load(IReadOnlyList<Func<Task>> clients)
    {
        _count = clients.Count;
        _turns = new SemaphoreSlim(_count);
        _clients = Task.WhenAll([.. clients.Select(Run)]);
    }

    /// <summary>Starts clients, each doing one thing again and again.</summary>
    internal static Load Start(int clients, Func<Task> step) => new([.. Enumerable.Repeat(step, clients)]);

    /// <summary>Starts clients, each doing a thing of its own again and again.</summary>
    internal static Load Start(IEnumerable<Func<Task>> steps) => new([.. steps]);

    /// <summary>Throws what a client failed with, if one did.</summary>
    internal void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Does something while no client has anything under way: each finishes what it has, and goes on afterwards.</summary>
    internal async Task HoldAsync(Func<Task> still)
    {
        await Task.WhenAll(Enumerable.Range(0, _count).Select(_ => _turns.WaitAsync())).WaitAsync(Eventually.Patience);
        try
        {
            ThrowIfFailed();
            await still();
        }
        finally
        {
            _turns.Release(_count);
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
        _turns.Dispose();
    }

    private Task Run(Func<Task> step) => Task.Run(async () =>
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await _turns.WaitAsync();
                try
                {
                    await step();
                }
                finally
                {
                    _turns.Release();
                }
            }
        }
        catch (Exception failure)
        {
            _failure ??= failure;
            throw;
        }
    });
}
