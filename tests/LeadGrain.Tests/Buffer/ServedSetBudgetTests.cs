using LeadGrain.Grains.Buffer;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Metrics;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Buffer;

/// <summary>Namespaces whose served set finds no room in memory: the database is asked instead, and nothing else changes.</summary>
public sealed class ServedSetBudgetTests
{
    private const int Leads = 400;

    [Theory]
    [InlineData(0)] // none from the start
    [InlineData(2_000)] // enough for the first of them
    public async Task What_was_served_is_known_all_the_same(int bytes)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("SERVED_SET_BYTES", $"{bytes}"));
        var emails = Enumerable.Range(0, Leads).Select(n => $"lead{n}@x.example").ToArray();

        Assert.Equal((Leads, 0), await grid.Client.PushAsync("ns", emails));
        var pulled = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => grid.Client.DrainAsync("ns")));
        Assert.Equal(emails.Order(), pulled.SelectMany(some => some).Order());
        Assert.Equal((0, Leads), await grid.Client.PushAsync("ns", emails));

        // Some are known when they are pushed, and some only when they come to be handed out.
        Assert.Equal((3, 1), await grid.Client.PushAsync("ns", "LEAD7@x.example", "new@x.example", "NEW@x.example", "other@x.example"));
        Assert.Equal(["new@x.example", "other@x.example"], await grid.Client.DrainAsync("ns"));
        Assert.Equal((0, Leads + 2, 1), await grid.Client.CountsAsync("ns"));
        Assert.False(grid.Services.GetRequiredService<ServedSetBudget>().TryTake((bytes / sizeof(ulong)) + 1)); // it was as little as that
    }

    [Fact]
    public async Task A_bulk_pull_is_not_short_by_the_duplicates_in_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("SERVED_SET_BYTES", "0"));
        await grid.Client.PushAsync("ns", "x@x.example", "X@x.example ", "x@x.example", "y@x.example", "z@x.example", "rest@x.example");

        var pulled = await grid.Client.PostAsync("/buffer/next", new { @namespace = "ns", count = 3 });

        Assert.Equal(["x@x.example", "y@x.example", "z@x.example"], pulled["leads"]!.AsArray().Select(lead => (string)lead!["email"]!));
    }

    [Fact]
    public async Task An_activation_that_was_superseded_gives_its_room_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        using var active = new LiveCount(grid, "leadgrain.buffer.active_namespaces");
        for (var n = 0; n < 4; n++)
        {
            await grid.Client.PushAsync("ns", $"lead{n}@x.example");
            Assert.NotNull(await grid.Client.NextAsync("ns"));
            await database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1").ExecuteNonQueryAsync();
        }

        // Of the four, the last is active still.
        await active.BecomeAsync(1);
        var budget = grid.Services.GetRequiredService<ServedSetBudget>();
        var whole = grid.Services.GetRequiredService<IOptions<BufferOptions>>().Value.ServedSetBytes / sizeof(ulong);
        Assert.True(budget.TryTake(whole - 16));
        Assert.False(budget.TryTake(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2_000)]
    public async Task Leases_are_given_and_acknowledged_once_for_each_email(int bytes)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("SERVED_SET_BYTES", $"{bytes}"));
        var emails = Enumerable.Range(0, Leads).Select(n => $"lead{n}@x.example").ToArray();
        await grid.Client.PushAsync("ns", [.. emails, .. emails]);

        var acked = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var mine = new List<string>();
            while (await grid.Client.LeaseAsync("ns", count: 7, seconds: 3_600) is [_, ..] leased)
            {
                Assert.All(await grid.Client.AckAsync("ns", leased), outcome => Assert.Equal("acked", outcome));
                mine.AddRange(leased.Select(lead => lead.Email));
            }

            return mine;
        }));

        Assert.Equal(emails.Order(), acked.SelectMany(mine => mine).Order());
        Assert.Equal((0, 0, 0, Leads, Leads), await grid.Client.AllCountsAsync("ns"));
        Assert.Equal((0, Leads), await grid.Client.PushAsync("ns", emails));
    }
}
