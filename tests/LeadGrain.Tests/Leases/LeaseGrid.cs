using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Leases;

/// <summary>One grid for all tests of a class, by a clock that runs and can be put forward. They keep apart by names.</summary>
public sealed class LeaseGrid : IAsyncLifetime
{
    private IDisposable? _running;

    internal TestDatabase Database { get; private set; } = null!;

    internal TestGrid Grid { get; private set; } = null!;

    internal FakeTime Time { get; } = new();

    internal HttpClient Client => Grid.Client;

    public async Task InitializeAsync()
    {
        _running = Time.Run();
        Database = await TestDatabase.CreateAsync();
        Grid = await StartAsync(Database, Time);
    }

    public async Task DisposeAsync()
    {
        await Grid.DisposeAsync();
        await Database.DisposeAsync();
        _running!.Dispose();
    }

    /// <summary>A grid by this clock, which must run. Putting it forward does not cost the grid its database.</summary>
    internal static Task<TestGrid> StartAsync(TestDatabase database, FakeTime time, params (string Name, string Value)[] settings)
        => TestGrid.StartAsync(database, builder => Use(builder, time), [.. Settings, .. settings]);

    /// <summary>With which putting the clock forward does not cost a grid its database.</summary>
    internal static IReadOnlyList<(string Name, string Value)> Settings { get; } =
    [
        ("EmbeddedHost:Heartbeat", "00:01:00"),
        ("EmbeddedHost:OwnerTimeout", "00:05:00"),
        ("EmbeddedHost:CollectionAge", "7.00:00:00"),
    ];

    /// <summary>Has a grid go by this clock.</summary>
    internal static void Use(WebApplicationBuilder builder, FakeTime time) => builder.Services
        .AddSingleton<TimeProvider>(time)
        // On Orleans. Silos know each other by true time: one that started before the year of this clock is dead to it.
        .AddKeyedSingleton("Orleans.Membership", TimeProvider.System);

    /// <summary>Lets time pass for a grid and for the leases in its database, which has a clock of its own.</summary>
    internal static async Task PassAsync(TestDatabase database, FakeTime time, TimeSpan span)
    {
        await database.ExecuteAsync($"update held_leads set due_at = due_at - interval '{(int)span.TotalSeconds} seconds'");
        time.Advance(span);
    }

    internal async Task RestartAsync()
    {
        await Grid.DisposeAsync();
        Grid = await StartAsync(Database, Time);
    }
}
