using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

public sealed class PriorityTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task Higher_priorities_are_served_first_and_push_order_holds_within_one()
    {
        await Client.PushAsync("order", ("c1@x.example", 0), ("d1@x.example", -1), ("b1@x.example", 5));
        await Client.PushAsync("order", ("a1@x.example", 1_000_000_000), ("b2@x.example", 5), ("c2@x.example", 0), ("d2@x.example", -1));
        await Client.PushAsync("order", ("e1@x.example", -1_000_000_000), ("a2@x.example", 1_000_000_000));

        Assert.Equal(
            ["a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2", "e1"],
            (await Client.DrainAsync("order")).Select(email => email.Split('@')[0]));
        Assert.Equal((0, 9, 0), await Client.CountsAsync("order"));
    }

    [Fact]
    public async Task A_returned_lead_goes_back_to_the_front_of_its_own_priority()
    {
        await Client.PushAsync("return", ("low1@x.example", 0), ("low2@x.example", 0), ("high1@x.example", 1), ("high2@x.example", 1));
        var leased = await Client.LeaseAsync("return", count: 3, seconds: 60);
        Assert.Equal(["high1@x.example", "high2@x.example", "low1@x.example"], leased.Select(lead => lead.Email));
        await Client.PushAsync("return", ("high3@x.example", 1));

        shared.Time.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal(
            ["high1@x.example", "high2@x.example", "high3@x.example", "low1@x.example", "low2@x.example"], await Client.DrainAsync("return"));
    }

    [Fact]
    public async Task Of_two_leads_with_one_email_the_one_of_higher_priority_is_served_and_the_other_skipped()
    {
        await Client.PushAsync("same", ("a@x.example", 0), ("b@x.example", 0), ("A@x.example", 9));

        Assert.Equal(["A@x.example", "b@x.example"], await Client.DrainAsync("same"));
        Assert.Equal((0, 2, 1), await Client.CountsAsync("same"));
    }

    [Fact]
    public async Task Large_priority_leads_are_read_no_more_at_once_than_an_answer_holds_and_keep_their_order()
    {
        await using var database = await TestDatabase.CreateAsync();
        var data = new string('x', 100_000);
        var leads = Enumerable.Range(0, 12).Select(n => new { email = $"lead{n}@x.example", priority = (n % 3) - 3, data }).ToArray();
        string[] expected = [.. leads.OrderByDescending(lead => lead.priority).Select(lead => lead.email)];
        var first = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:AnswerBytes", "250000"));
        await first.Client.PostAsync("/buffer/push", new { @namespace = "ns", leads });
        var id = await database.ScalarAsync<long>("select id from namespaces");
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);

        var (front, isAll) = await store.ReadHeldAsync(id, Place.Start, 12, 1_000, 250_000, new OriginCache());
        var (rest, isRest) = await store.ReadHeldAsync(id, front[^1].Place, 12, 1_000, 2_500_000, new OriginCache());
        Assert.Equal((3, false, 9, true), (front.Count, isAll, rest.Count, isRest));
        Assert.Equal(expected, front.Concat(rest).Select(held => held.Lead.Lead.Email));

        var pulled = new List<string>(await first.Client.NextAsync("ns", 10));
        Assert.Equal(3, pulled.Count);
        await first.DisposeAsync();
        await using var second = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:AnswerBytes", "250000"));
        pulled.AddRange(await second.Client.DrainAsync("ns"));
        Assert.Equal(expected, pulled);
    }

    [Fact]
    public async Task Far_more_priority_leads_than_memory_holds_keep_their_order_across_a_restart()
    {
        await using var database = await TestDatabase.CreateAsync();
        var random = new Random(7);
        var leads = Enumerable.Range(0, 500).Select(n => (Email: $"lead{n}@x.example", Priority: random.Next(-3, 4))).ToArray();
        string[] expected = [.. leads.OrderByDescending(lead => lead.Priority).Select(lead => lead.Email)];
        var first = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:WindowLeads", "7"));
        foreach (var chunk in leads.Chunk(60))
        {
            await first.Client.PushAsync("ns", chunk);
        }

        var pulled = new List<string>(await first.Client.NextAsync("ns", 100));
        await first.DisposeAsync();
        await using var second = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:WindowLeads", "7"));
        pulled.AddRange(await second.Client.DrainAsync("ns"));

        Assert.Equal(expected, pulled);
    }
}
