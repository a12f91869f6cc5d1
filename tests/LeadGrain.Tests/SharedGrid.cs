using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests;

/// <summary>One grid on one database for all tests of a class; they keep apart by names.</summary>
public sealed class SharedGrid : IAsyncLifetime
{
    internal TestDatabase Database { get; private set; } = null!;

    internal TestGrid Grid { get; private set; } = null!;

    internal HttpClient Client => Grid.Client;

    public async Task InitializeAsync()
    {
        Database = await TestDatabase.CreateAsync();
        Grid = await TestGrid.StartAsync(Database);
    }

    public async Task DisposeAsync()
    {
        await Grid.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>Makes the running activation of a namespace find itself superseded at its next write.</summary>
    internal async Task SupersedeAsync(string name)
    {
        await using var command = Database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1 where name = $1");
        command.Parameters.AddWithValue(name);
        await command.ExecuteNonQueryAsync();
    }
}
