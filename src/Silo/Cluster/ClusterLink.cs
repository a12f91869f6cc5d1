using LeadGrain.Gateway.Health;

namespace LeadGrain.Silo;

/// <summary>A gateway apart is ready while it is connected to a silo.</summary>
internal sealed class ClusterLink : IReadinessCheck
{
    // The process listens only once it is connected; after that, Orleans tells.
    private volatile bool _connected = true;

    public string Name => "host";

    public ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult(new Readiness(_connected, _connected ? "connected" : "no silo"));

    internal void OnGatewayCountChanged(object? sender, GatewayCountChangedEventArgs change) => _connected = change.NumberOfConnectedGateways > 0;
}
