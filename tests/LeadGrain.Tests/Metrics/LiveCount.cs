using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Metrics;

/// <summary>Follows one up-down counter of one grid from now on.</summary>
internal class LiveCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly SemaphoreSlim _changed = new(0);
    private long _count;

    internal LiveCount(TestGrid grid, string name)
    {
        var meters = grid.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, meters))
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

    /// <summary>Returns when it has come to this.</summary>
    internal async Task BecomeAsync(long count)
    {
        while (Interlocked.Read(ref _count) != count)
        {
            Assert.True(await _changed.WaitAsync(Eventually.Patience), $"It is {Interlocked.Read(ref _count)}, not {count}.");
        }
    }
}
