using System.Net.Http.Json;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

public sealed class BulkPullTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task Many_leads_are_pulled_at_once_in_order_and_each_once()
    {
        var emails = Enumerable.Range(0, 2_500).Select(n => $"lead{n}@x.example").ToArray();
        await Client.PushAsync("bulk", emails);

        Assert.Equal(emails[..1], await Client.NextAsync("bulk", 1));
        Assert.Equal(emails[1..1_001], await Client.NextAsync("bulk", 1_000));
        Assert.Equal(emails[1_001..2_001], await Client.NextAsync("bulk", 1_000));
        Assert.Equal(emails[2_001..], await Client.NextAsync("bulk", 1_000));
        Assert.Empty(await Client.NextAsync("bulk", 1_000));
        Assert.Equal((0, 2_500, 0), await Client.CountsAsync("bulk"));
    }

    [Fact]
    public async Task A_bulk_pull_gets_its_turn_while_leases_are_extended_all_the_time()
    {
        const int Most = 400;
        await Client.PushAsync("busy", [.. Enumerable.Range(0, 1_010).Select(n => $"lead{n}@x.example")]);
        var leased = await Client.LeaseAsync("busy", count: 8);
        var (done, extended) = (false, 0);
        var extending = leased.Select(async lead =>
        {
            for (var n = 0; n < Most && !Volatile.Read(ref done); n++)
            {
                Assert.Equal(["extended"], await Client.ExtendAsync("busy", 600, [lead]));
                Interlocked.Increment(ref extended);
            }
        }).ToArray();
        await Eventually.Async("they are extended", () => Volatile.Read(ref extended) > 8);

        var pulled = await Client.NextAsync("busy", 1_000);
        Volatile.Write(ref done, true);
        await Task.WhenAll(extending);

        Assert.Equal(1_000, pulled.Length);
        Assert.InRange(extended, 8, (8 * Most) - 1);
    }

    [Fact]
    public async Task A_bulk_pull_ends_with_the_lead_that_makes_its_answer_large_enough_and_the_rest_come_next()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:AnswerBytes", "250000"));
        await PushLargeAsync(grid, 7);

        int[] pulled =
        [
            (await grid.Client.NextAsync("large", 100)).Length,
            (await grid.Client.LeaseAsync("large", 100)).Count,
            (await grid.Client.NextAsync("large", 100)).Length,
            (await grid.Client.NextAsync("large", 100)).Length,
        ];
        Assert.Equal([3, 3, 1, 0], pulled);
    }

    [Fact]
    public async Task Leases_end_where_the_leads_on_lease_are_large_enough_together_and_go_on_once_some_are_settled()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:MaxLeaseBytes", "250000"));
        await PushLargeAsync(grid, 5);

        var leased = await grid.Client.LeaseAsync("large", 100);
        Assert.Equal(3, leased.Count);
        using var refused = await grid.Client.PostAsJsonAsync("/buffer/next", new { @namespace = "large", leaseSeconds = 60 });
        Assert.Equal(System.Net.HttpStatusCode.TooManyRequests, refused.StatusCode);
        await grid.Client.AckAsync("large", leased[..1]);

        Assert.Equal("lead3@x.example", Assert.Single(await grid.Client.LeaseAsync("large", 1)).Email);
    }

    [Fact]
    public async Task Duplicates_are_passed_over_in_a_bulk_pull()
    {
        await Client.PushAsync("doubles", "a@x.example", "A@x.example", "a@x.example", "b@x.example", "B@x.example", "c@x.example");

        var pulled = new List<string>();
        while (await Client.NextAsync("doubles", 2) is [_, ..] emails)
        {
            pulled.AddRange(emails);
        }

        Assert.Equal(["a@x.example", "b@x.example", "c@x.example"], pulled);
        Assert.Equal((0, 3, 3), await Client.CountsAsync("doubles"));
    }

    [Fact]
    public async Task Callers_that_pull_many_and_one_at_once_get_each_lead_once()
    {
        var emails = Enumerable.Range(0, 2_000).Select(n => $"lead{n}@x.example").ToArray();
        await Client.PushAsync("crowd", emails);

        var pulled = await Task.WhenAll(Enumerable.Range(0, 32).Select(async caller =>
        {
            var mine = new List<string>();
            while (await Client.NextAsync("crowd", 1 + (caller * 3)) is [_, ..] some)
            {
                mine.AddRange(some);
            }

            return mine;
        }));

        Assert.Equal(emails.Order(), pulled.SelectMany(mine => mine).Order());
        Assert.Equal((0, 2_000, 0), await Client.CountsAsync("crowd"));
    }

    [Fact]
    public async Task A_pull_whose_further_leads_cannot_be_read_fails_and_is_not_forgotten()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:WindowLeads", "1"));
        await grid.Client.PushAsync("ns", "a@x.example", "b@x.example", "c@x.example");
        await database.ExecuteAsync("alter table lead_batches rename to away");

        using var failed = await grid.Client.PostAsJsonAsync("/buffer/next", new { @namespace = "ns", count = 3 }).WaitAsync(Eventually.Patience);
        Assert.Equal(500, (int)failed.StatusCode);

        await database.ExecuteAsync("alter table away rename to lead_batches");
        Assert.Equal(["a@x.example", "b@x.example", "c@x.example"], await grid.Client.NextAsync("ns", 3));
    }

    private static async Task PushLargeAsync(TestGrid grid, int count)
    {
        var data = new string('x', 100_000);
        await grid.Client.PostAsync(
            "/buffer/push", new { @namespace = "large", leads = Enumerable.Range(0, count).Select(n => new { email = $"lead{n}@x.example", data }) });
    }
}
