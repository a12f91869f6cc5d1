using LeadGrain.Silo;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LeadGrain.Tests.OrleansHost;

/// <summary>Whole processes' worth of grid, silo and gateway, over one database.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    internal const string Key = "a key for tests";

    private readonly List<Node> _nodes = [];

    private Cluster(TestDatabase database) => Database = database;

    internal TestDatabase Database { get; }

    internal static async Task<Cluster> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await new Migrator(database.DataSource, TimeProvider.System, NullLogger<Migrator>.Instance)
            .ApplyAsync(CancellationToken.None, GrainHost.SqlFolders);
        return new Cluster(database);
    }

    internal async Task<Node> StartAsync(params (string Name, string? Value)[] settings)
    {
        var overrides = new Dictionary<string, string?>
        {
            ["SILO_PORT"] = $"{Ports.Free()}", ["SILO_GATEWAY_PORT"] = $"{Ports.Free()}", ["ADVERTISED_IP"] = "127.0.0.1", ["LOG_LEVEL"] = "error",
        };
        foreach (var (name, value) in settings)
        {
            overrides[name] = value;
        }

        var app = Grid.Build(
            new GridSettings(Database.ConnectionString, Key, 0, LoopbackOnly: true) { Overrides = overrides },
            builder => builder.Logging.ClearProviders());
        var node = new Node(app);
        _nodes.Add(node);
        await app.StartAsync();
        node.Connect();
        return node;
    }

    internal Task<long> CountAsync(string sql) => Database.ScalarAsync<long>(sql);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await Database.DisposeAsync();
    }
}

internal sealed class Node(WebApplication app) : IAsyncDisposable
{
    internal IServiceProvider Services => app.Services;

    internal GridClient Client { get; private set; } = null!;

    internal void Connect() => Client = new GridClient(app.Urls.Single());

    internal Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await app.DisposeAsync();
    }
}
