namespace LeadGrain.Tests.Gateway;

/// <summary>One server for all cases of a class that leave nothing behind.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    internal GatewayServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await GatewayServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
