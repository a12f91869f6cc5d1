using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Leases;

public sealed class LeaseTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_host_whose_clock_is_set_on_while_it_is_down_ends_no_lease_before_its_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await LeaseGrid.StartAsync(database, shared.Time))
        {
            await grid.Client.PushAsync("ns", "a@x.example");
            Assert.Single(await grid.Client.LeaseAsync("ns", seconds: 600));
        }

        shared.Time.Advance(TimeSpan.FromHours(1));
        await using var later = await LeaseGrid.StartAsync(database, shared.Time);
        Assert.Null(await later.Client.NextAsync("ns"));

        await LeaseGrid.PassAsync(database, shared.Time, TimeSpan.FromSeconds(601));
        Assert.Equal("a@x.example", await later.Client.NextAsync("ns"));
    }

    [Fact]
    public async Task An_acknowledged_lead_is_served_for_good_and_only_once()
    {
        await Client.PushAsync("ack", "a@x.example", "b@x.example");
        var leased = await Client.LeaseAsync("ack", count: 2);
        Assert.Equal((0, 2, 0, 0, 0), await Client.AllCountsAsync("ack"));

        Assert.Equal(["acked", "acked"], await Client.AckAsync("ack", leased));
        Assert.Equal(["not_held", "not_held"], await Client.AckAsync("ack", leased));

        Assert.Equal((0, 0, 0, 2, 0), await Client.AllCountsAsync("ack"));
        Assert.Equal((0, 2), await Client.PushAsync("ack", "A@x.example", "b@x.example"));
        var listed = await Client.ReadAsync("/leads?namespace=ack");
        Assert.Equal(2, listed["leads"]!.AsArray().Count);
    }

    [Fact]
    public async Task Leads_on_lease_are_in_one_hand_only_and_not_in_the_served_list()
    {
        await Client.PushAsync("held", "a@x.example", "b@x.example");

        var first = Assert.Single(await Client.LeaseAsync("held"));
        var second = Assert.Single(await Client.LeaseAsync("held"));

        Assert.Equal(("a@x.example", "b@x.example"), (first.Email, second.Email));
        Assert.Empty(await Client.LeaseAsync("held"));
        Assert.Empty((await Client.ReadAsync("/leads?namespace=held"))["leads"]!.AsArray());
    }

    /// <summary>What a commit under way settles is still held by the database: it must not be read from there meanwhile.</summary>
    [Fact]
    public async Task Leases_acknowledged_while_others_pull_after_a_restart_are_served_once_and_skipped_never()
    {
        await Client.PushAsync("reread", [.. Enumerable.Range(0, 60).Select(n => $"{n}@x.example")]);
        var leased = await Client.LeaseAsync("reread", count: 30);
        await shared.RestartAsync();

        var acks = leased.Select(lead => Client.AckAsync("reread", lead)).ToList();
        var pulls = Enumerable.Range(0, 30).Select(_ => Client.NextAsync("reread")).ToList();

        Assert.All(await Task.WhenAll(acks), outcome => Assert.Equal(["acked"], outcome));
        Assert.Equal(Enumerable.Range(30, 30).Select(n => $"{n}@x.example").Order(), (await Task.WhenAll(pulls)).Order());
        Assert.Equal((0, 0, 0, 60, 0), await Client.AllCountsAsync("reread"));
    }

    [Fact]
    public async Task Expired_leases_return_to_the_front_in_order_and_a_late_ack_is_refused()
    {
        await Client.PushAsync("expire", "a@x.example", "b@x.example", "c@x.example");
        var late = await Client.LeaseAsync("expire", count: 2, seconds: 60);

        shared.Time.Advance(TimeSpan.FromSeconds(61));
        var again = await Client.LeaseAsync("expire", count: 3);

        Assert.Equal(
            [("a@x.example", 2), ("b@x.example", 2), ("c@x.example", 1)], again.Select(lead => (lead.Email, lead.Attempt)));
        Assert.Equal(["not_held", "not_held"], await Client.AckAsync("expire", late));
        Assert.Equal(["not_held", "not_held"], await Client.ExtendAsync("expire", 60, late));
        Assert.Equal(["acked", "acked", "acked"], await Client.AckAsync("expire", again));
    }

    [Fact]
    public async Task A_lease_holds_until_its_time_is_up()
    {
        await Client.PushAsync("long", "a@x.example");
        var leased = await Client.LeaseAsync("long", seconds: 86_400);

        shared.Time.Advance(TimeSpan.FromHours(23));

        Assert.Null(await Client.NextAsync("long"));
        Assert.Equal(["acked"], await Client.AckAsync("long", leased));
    }

    [Fact]
    public async Task A_returned_lead_comes_again_at_once_in_its_place_and_after_its_delay_where_one_was_asked_for()
    {
        await Client.PushAsync("back", "a@x.example", "b@x.example", "c@x.example");
        var leased = await Client.LeaseAsync("back", count: 2);

        Assert.Equal(["returned"], await Client.NackAsync("back", 0, leased[1]));
        Assert.Equal(["returned"], await Client.NackAsync("back", 600, leased[0]));
        Assert.Equal(["not_held", "not_held"], await Client.NackAsync("back", 0, leased));
        Assert.Equal((3, 0, 0, 0, 0), await Client.AllCountsAsync("back"));
        Assert.Equal("b@x.example", await Client.NextAsync("back"));
        shared.Time.Advance(TimeSpan.FromSeconds(601));

        Assert.Equal(["a@x.example", "c@x.example"], await Client.DrainAsync("back"));
    }

    [Fact]
    public async Task An_extended_lease_runs_from_now_on_whether_longer_or_shorter()
    {
        await Client.PushAsync("extend", "a@x.example", "b@x.example");
        var leased = await Client.LeaseAsync("extend", count: 2, seconds: 300);

        Assert.Equal(["extended"], await Client.ExtendAsync("extend", 3_600, leased[0]));
        Assert.Equal(["extended"], await Client.ExtendAsync("extend", 60, leased[1]));
        shared.Time.Advance(TimeSpan.FromSeconds(200));

        Assert.Equal("b@x.example", await Client.NextAsync("extend"));
        shared.Time.Advance(TimeSpan.FromSeconds(1_000));
        Assert.Null(await Client.NextAsync("extend"));
        Assert.Equal(["acked"], await Client.AckAsync("extend", leased[0]));
    }

    [Fact]
    public async Task A_person_on_lease_or_on_a_delay_is_not_handed_out_by_another_lead()
    {
        await Client.PushAsync("person", "a@x.example", "A@X.example", "b@x.example", " a@x.example");
        var leased = await Client.LeaseAsync("person");
        Assert.Equal("b@x.example", await Client.NextAsync("person"));
        Assert.Equal((1, 1, 0, 1, 1), await Client.AllCountsAsync("person"));

        await Client.NackAsync("person", 600, leased);
        Assert.Null(await Client.NextAsync("person"));
        Assert.Equal((1, 0, 0, 1, 2), await Client.AllCountsAsync("person"));
        shared.Time.Advance(TimeSpan.FromSeconds(601));

        Assert.Equal(["a@x.example"], await Client.DrainAsync("person"));
        Assert.Equal((0, 0, 0, 2, 2), await Client.AllCountsAsync("person"));
    }

    [Fact]
    public async Task Leases_survive_a_restart_and_expire_after_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        var first = await LeaseGrid.StartAsync(database, shared.Time);
        await first.Client.PushAsync("ns", "a@x.example", "b@x.example", "c@x.example");
        var leased = await first.Client.LeaseAsync("ns", count: 2, seconds: 600);
        await first.DisposeAsync();

        await using var second = await LeaseGrid.StartAsync(database, shared.Time);
        Assert.Equal(["acked"], await second.Client.AckAsync("ns", leased[0]));
        Assert.Equal("c@x.example", await second.Client.NextAsync("ns"));
        Assert.Null(await second.Client.NextAsync("ns"));
        shared.Time.Advance(TimeSpan.FromSeconds(601));

        Assert.Equal(("b@x.example", 2), (await second.Client.LeaseAsync("ns")) is [var lead] ? (lead.Email, lead.Attempt) : default);
    }

    [Fact]
    public async Task A_take_over_after_a_returned_lead_was_served_last_starts_behind_what_is_settled()
    {
        await Client.PushAsync("behind", "a@x.example", "b@x.example", "c@x.example", "d@x.example");
        var leased = await Client.LeaseAsync("behind", seconds: 86_400);
        await Client.NextAsync("behind", 2);
        await Eventually.FindAsync(
            "three are settled", () => SettledSeqAsync("behind"), seq => seq >= 3, between: () => shared.Time.Advance(TimeSpan.FromSeconds(3)));
        await Client.NackAsync("behind", 0, leased);
        Assert.Equal("a@x.example", await Client.NextAsync("behind"));
        await using var supersede = shared.Database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1 where name = 'behind'");
        await supersede.ExecuteNonQueryAsync();

        Assert.Equal(["d@x.example"], await Client.DrainAsync("behind"));
        Assert.Equal((0, 0, 0, 4, 0), await Client.AllCountsAsync("behind"));
    }

    [Fact]
    public async Task Of_a_hundred_holders_that_settle_one_lease_at_once_one_succeeds()
    {
        await Client.PushAsync("race", "a@x.example");
        var leased = await Client.LeaseAsync("race");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(n =>
            n % 2 == 0 ? Client.AckAsync("race", leased) : Client.NackAsync("race", 600, leased)));

        Assert.Single(outcomes, outcome => outcome is not ["not_held"]);
    }

    [Fact]
    public async Task Many_workers_that_lease_and_acknowledge_serve_each_lead_once()
    {
        var emails = Enumerable.Range(0, 500).Select(n => $"lead{n}@x.example").ToArray();
        await Client.PushAsync("workers", emails);

        var done = await Task.WhenAll(Enumerable.Range(0, 16).Select(async worker =>
        {
            var mine = new List<string>();
            while (await Client.LeaseAsync("workers", count: 1 + (worker % 7), seconds: 3_600) is [_, ..] leased)
            {
                Assert.All(await Client.AckAsync("workers", leased), outcome => Assert.Equal("acked", outcome));
                mine.AddRange(leased.Select(lead => lead.Email));
            }

            return mine;
        }));

        Assert.Equal(emails.Order(), done.SelectMany(mine => mine).Order());
        Assert.Equal((0, 0, 0, 500, 0), await Client.AllCountsAsync("workers"));
    }

    [Fact]
    public async Task As_many_leases_as_a_namespace_may_have_are_given_and_no_more()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:MaxLeases", "3"));
        await grid.Client.PushAsync("ns", "a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example");

        var leased = await grid.Client.LeaseAsync("ns", count: 10);
        using var content = new StringContent("""{"namespace":"ns","leaseSeconds":60}""", null, "application/json");
        using var refused = await grid.Client.PostAsync(new Uri("/buffer/next", UriKind.Relative), content);
        await grid.Client.AckAsync("ns", leased[0]);

        Assert.Equal(3, leased.Count);
        Assert.Equal((429, TimeSpan.FromSeconds(1)), ((int)refused.StatusCode, refused.Headers.RetryAfter!.Delta));
        Assert.Equal(
            ["3", "0", "1"], new[] { "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset" }.Select(name => Assert.Single(refused.Headers.GetValues(name))));
        Assert.Equal("d@x.example", Assert.Single(await grid.Client.LeaseAsync("ns")).Email);
        Assert.Equal("e@x.example", await grid.Client.NextAsync("ns"));
    }

    private async Task<long> SettledSeqAsync(string name)
    {
        await using var read = shared.Database.DataSource.CreateCommand("select settled_seq from namespaces where name = $1");
        read.Parameters.AddWithValue(name);
        return (long)(await read.ExecuteScalarAsync())!;
    }
}
