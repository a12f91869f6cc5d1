using LeadGrain.Grains.Buffer;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Buffer;

/// <summary>Namespaces whose waiting leads find no room in memory: they stay in the database, and nothing else changes.</summary>
public sealed class WaitingBudgetTests
{
    private const int Leads = 120;
    private const int LargestSize = 1_200;

    private static readonly string s_data = new('x', 1_000);

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)] // enough for one of them, not quite
    public async Task Leads_that_nobody_pulls_take_no_more_than_there_is_and_all_come_in_order(int room)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:WaitingBytes", $"{room}"));
        var budget = grid.Services.GetRequiredService<WaitingBudget>();
        string[] names = [.. Enumerable.Range(0, 12).Select(n => $"ns{n}")];
        foreach (var name in names)
        {
            await PushAsync(grid.Client, name);
        }

        // Each may hold the first of its leads with a priority without room.
        Assert.InRange(budget.Left, -(names.Length + 1) * LargestSize, room / 2);
        await Task.WhenAll(names.Select((name, n) => (n % 4) switch
        {
            0 => PullAsync(grid.Client, name, count: 1),
            1 => PullAsync(grid.Client, name, count: 70),
            2 => LeaseAsync(grid.Client, name, count: 7),
            _ => LeaseAsync(grid.Client, name, count: 70),
        }));

        Assert.Equal(room, budget.Left);
    }

    [Fact]
    public async Task A_pull_that_waits_gets_the_lead_that_is_pushed_though_there_is_no_room_for_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:WaitingBytes", "0"));
        using var waiters = new WaitingPulls(grid);
        var waiting = grid.Client.PostAsync("/buffer/next", new { @namespace = "ns", waitSeconds = 30 });
        await waiters.BecomeAsync(1);

        await grid.Client.PushAsync("ns", "a@x.example", "b@x.example");

        Assert.Equal("a@x.example", (string)(await waiting)["lead"]!["email"]!);
        Assert.Equal(["b@x.example"], await grid.Client.DrainAsync("ns"));
    }

    [Fact]
    public async Task While_there_is_no_room_a_namespace_that_is_pulled_from_holds_a_few_leads_and_gives_them_back_when_it_is_superseded()
    {
        const int Room = 1;
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:WaitingBytes", $"{Room}"));
        var budget = grid.Services.GetRequiredService<WaitingBudget>();
        await PushAsync(grid.Client, "ns");
        await PushAsync(grid.Client, "other");
        foreach (var name in new[] { "ns", "other" })
        {
            Assert.Single(await grid.Client.NextAsync(name, 1));
            var leased = await grid.Client.LeaseAsync(name, count: 50);
            await grid.Client.NackAsync(name, 0, leased.Take(9));
            await grid.Client.NackAsync(name, 3_600, leased.Skip(9).Take(9));
            Assert.InRange(budget.Left, -4 * 51 * LargestSize, -1);
        }

        await database.ExecuteAsync("update namespaces set epoch = epoch + 1");
        foreach (var name in new[] { "ns", "other" })
        {
            Assert.Equal(Leads - 51 + 9, (await grid.Client.DrainAsync(name)).Count);
        }

        await Eventually.Async("all is given back", () => budget.Left == Room);
    }

    private static async Task PushAsync(HttpClient client, string name)
    {
        foreach (var some in Enumerable.Range(0, Leads).Chunk(Leads / 4))
        {
            await client.PostAsync(
                "/buffer/push",
                new { @namespace = name, leads = some.Select(n => new { email = Email(n), priority = Priority(n), data = s_data }) });
        }
    }

    private static async Task PullAsync(HttpClient client, string name, int count)
    {
        var pulled = new List<string>();
        while (await client.NextAsync(name, count) is [_, ..] some)
        {
            pulled.AddRange(some);
        }

        Assert.Equal(InOrder(), pulled);
    }

    // The first of each answer is given back once, and comes first again.
    private static async Task LeaseAsync(HttpClient client, string name, int count)
    {
        var left = InOrder();
        while (await client.LeaseAsync(name, count) is [var first, ..] leased)
        {
            Assert.Equal(left.Take(count), leased.Select(lead => lead.Email));
            if (first.Attempt == 1)
            {
                Assert.Equal(["returned"], await client.NackAsync(name, 0, first));
                leased.Remove(first);
            }

            Assert.All(await client.AckAsync(name, leased), outcome => Assert.Equal("acked", outcome));
            left.RemoveAll(leased.ConvertAll(lead => lead.Email).Contains);
        }

        Assert.Empty(left);
    }

    private static List<string> InOrder() => [.. Enumerable.Range(0, Leads).OrderByDescending(Priority).Select(Email)];

    private static string Email(int n) => $"lead{n}@x.example";

    // Half of them are in the plain order.
    private static int Priority(int n) => n % 2 == 0 ? 0 : (n % 6) - 2;
}
