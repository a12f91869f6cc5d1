using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Buffer;

/// <summary>Counts the pulls that come to wait in one grid from now on, by its own metric.</summary>
internal sealed class WaitingPulls : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly MeterListener _listener = new();
    private readonly SemaphoreSlim _changed = new(0);
    private long _count;

    internal WaitingPulls(TestGrid grid)
    {
        var meters = grid.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "leadgrain.gateway.requests.waiting" && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, change, _, _) =>
        {
            Interlocked.Add(ref _count, change);
            _changed.Release();
        });
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _changed.Dispose();
    }

    /// <summary>Returns when so many wait.</summary>
    internal async Task BecomeAsync(long count)
    {
        while (Interlocked.Read(ref _count) != count)
        {
            Assert.True(await _changed.WaitAsync(s_patience), $"{Interlocked.Read(ref _count)} wait, not {count}.");
        }
    }
}
