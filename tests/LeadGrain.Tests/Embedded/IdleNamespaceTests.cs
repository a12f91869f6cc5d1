using LeadGrain.Grains.Buffer;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Metrics;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Embedded;

/// <summary>Namespaces that are put away because nobody calls them.</summary>
public sealed class IdleNamespaceTests
{
    private const string Age = "EmbeddedHost:CollectionAge";

    [Fact]
    public async Task What_waits_in_their_memory_is_given_back_to_the_process()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database,
            builder => LeaseGrid.Use(builder, time),
            [.. LeaseGrid.Settings.Where(setting => setting.Name != Age), (Age, "00:10:00")]);
        using var active = new LiveCount(grid, "leadgrain.buffer.active_namespaces");
        var budget = grid.Services.GetRequiredService<WaitingBudget>();
        var room = grid.Services.GetRequiredService<IOptions<BufferOptions>>().Value.WaitingBytes;
        foreach (var name in new[] { "a", "b" })
        {
            await grid.Client.PushAsync(name, [.. Enumerable.Range(0, 12).Select(n => ($"lead{n}@x.example", n % 3))]);
            await grid.Client.NextAsync(name);
            var leased = await grid.Client.LeaseAsync(name, count: 3, seconds: 36_000);
            await grid.Client.NackAsync(name, 0, leased[..1]);
        }

        await active.BecomeAsync(2);
        Assert.InRange(budget.Left, room - 4_000, room - 1);

        var idle = active.BecomeAsync(0);
        await Eventually.Async("both are put away", () => Task.FromResult(idle.IsCompleted), between: () => time.Advance(TimeSpan.FromMinutes(5)));

        await idle;
        Assert.Equal(room, budget.Left);
    }
}
