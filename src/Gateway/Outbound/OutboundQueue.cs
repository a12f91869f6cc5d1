using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Gateway.Outbound;

/// <summary>Reports on their way out: offered without waiting, sent by a few workers, drained for a while on stop.
/// They are best effort: what does not fit is dropped, and the caller is told so that it can count.</summary>
internal sealed partial class OutboundQueue<T>(
    int capacity, int workers, TimeSpan drain, Func<T, CancellationToken, Task> send, Action<int> dropped, TimeProvider time, ILogger log)
    : IDisposable
{
    // Wait makes TryWrite answer false when full; the drop modes would answer true.
    private readonly Channel<T> _items = Channel.CreateBounded<T>(
        new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait });
    private readonly CancellationTokenSource _abandon = new();
    private Task[] _workers = [];

    public void Offer(T item)
    {
        if (!_items.Writer.TryWrite(item))
        {
            dropped(1);
        }
    }

    public void Start() => _workers = [.. Enumerable.Range(0, workers).Select(_ => Task.Run(Work))];

    /// <summary>Sends what waits, for as long as the drain time; the rest is dropped.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _items.Writer.TryComplete();
        var all = Task.WhenAll(_workers);
        try
        {
            await all.WaitAsync(drain, time, cancellationToken);
        }
        catch (Exception stopped) when (stopped is TimeoutException or OperationCanceledException)
        {
            await _abandon.CancelAsync();
            await all;
        }
        var left = 0;
        while (_items.Reader.TryRead(out _))
        {
            left++;
        }

        if (left > 0)
        {
            dropped(left);
        }
    }

    public void Dispose() => _abandon.Dispose();

    private async Task Work()
    {
        try
        {
            await foreach (var item in _items.Reader.ReadAllAsync(_abandon.Token))
            {
                await SendOne(item);
            }
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
        }
    }

    private async Task SendOne(T item)
    {
        try
        {
            await send(item, _abandon.Token);
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            dropped(1);
        }
#pragma warning disable CA1031 // The loop's edge: a report that fails in a way nobody foresaw must not end its worker.
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            dropped(1);
            LogUnforeseen(log, unforeseen.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A report could not be sent: {Fault}")]
    private static partial void LogUnforeseen(ILogger log, string fault);
}
