using LeadGrain.Gateway.Health;

namespace LeadGrain.Silo;

/// <summary>A gateway apart is ready while it is connected to a silo.</summary>
internal sealed class ClusterLink(IServiceProvider services, TimeProvider time) : IReadinessCheck
{
    private static readonly TimeSpan s_callEvery = TimeSpan.FromSeconds(1);

    // The process listens only once it is connected; after that, Orleans tells.
    private volatile bool _connected = true;
    private long _calledAt = long.MinValue;

    public string Name => "host";

    public ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        if (!_connected)
        {
            CallASilo();
        }

        return ValueTask.FromResult(new Readiness(_connected, _connected ? "connected" : "no silo"));
    }

    internal void OnGatewayCountChanged(object? sender, GatewayCountChangedEventArgs change) => _connected = change.NumberOfConnectedGateways > 0;

    // Orleans connects when something is called, and where this process is not ready nobody calls.
    private void CallASilo()
    {
        var (now, last) = (time.GetTimestamp(), Volatile.Read(ref _calledAt));
        if ((last == long.MinValue || time.GetElapsedTime(last, now) >= s_callEvery) && Interlocked.CompareExchange(ref _calledAt, now, last) == last)
        {
            // Asked for here: the client itself asks for this object as it is made.
            var call = services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
            _ = call.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default); // whether it worked, the event tells
        }
    }
}
