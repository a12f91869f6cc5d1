using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Leases;

public sealed class DeadLeadTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_lead_never_acknowledged_is_set_aside_after_its_last_attempt()
    {
        await Client.PushAsync("dead", "a@x.example", "b@x.example");
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var leased = Assert.Single(await Client.LeaseAsync("dead"));
            Assert.Equal(("a@x.example", attempt), (leased.Email, leased.Attempt));
            if (attempt % 2 == 0)
            {
                Assert.Equal(["returned"], await Client.NackAsync("dead", 0, leased));
            }
            else
            {
                shared.Time.Advance(TimeSpan.FromSeconds(61));
            }
        }

        Assert.Equal(["b@x.example"], await Client.DrainAsync("dead"));
        Assert.Equal((0, 0, 1, 1, 0), await Client.AllCountsAsync("dead"));
        var listed = (await Client.ReadAsync("/namespaces/dead/dead"))["leads"]![0]!;
        Assert.Equal(("a@x.example", 5), ((string)listed["email"]!, (int)listed["attempts"]!));
    }

    [Fact]
    public async Task A_lead_that_has_had_more_attempts_than_are_allowed_by_now_is_leased_no_more()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var before = await LeaseGrid.StartAsync(database, shared.Time))
        {
            await before.Client.PushAsync("ns", "a@x.example", "b@x.example");
            for (var attempt = 1; attempt <= 3; attempt++)
            {
                await before.Client.NackAsync("ns", 0, Assert.Single(await before.Client.LeaseAsync("ns")));
            }
        }

        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("LEASE_MAX_ATTEMPTS", "2"));

        Assert.Equal("b@x.example", Assert.Single(await grid.Client.LeaseAsync("ns", 2)).Email);
        Assert.Equal("a@x.example", Assert.Single(await grid.Client.DeadAsync("ns")).Email);
    }

    [Fact]
    public async Task The_last_return_tells_that_the_lead_is_dead()
    {
        await DieAsync("told", "a@x.example");

        Assert.Equal((0, 0, 1, 0, 0), await Client.AllCountsAsync("told"));
    }

    [Fact]
    public async Task Revived_leads_go_back_to_their_places_with_all_their_attempts()
    {
        await DieAsync("revive", "a@x.example", "b@x.example");
        await Client.PushAsync("revive", "c@x.example");
        var dead = await Client.DeadAsync("revive");
        Assert.Equal(["a@x.example", "b@x.example"], dead.Select(lead => lead.Email));

        var one = await Client.PostAsync("/namespaces/revive/dead/revive", new { ids = new[] { dead[1].Id, Guid.NewGuid() } });
        var first = Assert.Single(await Client.LeaseAsync("revive"));
        var rest = await Client.PostAsync("/namespaces/revive/dead/revive", new { all = true });
        var none = await Client.PostAsync("/namespaces/revive/dead/revive", new { all = true });

        Assert.Equal((1, 1, 0), ((int)one["revived"]!, (int)rest["revived"]!, (int)none["revived"]!));
        Assert.Equal(("b@x.example", 1), (first.Email, first.Attempt));
        await Client.NackAsync("revive", 0, first);
        Assert.Equal(["a@x.example", "b@x.example", "c@x.example"], await Client.DrainAsync("revive"));
        Assert.Empty(await Client.DeadAsync("revive"));
    }

    [Fact]
    public async Task A_dead_lead_does_not_stand_in_the_way_of_the_same_email_and_is_skipped_when_revived_after_it()
    {
        await DieAsync("twice", "a@x.example");

        Assert.Equal((1, 0), await Client.PushAsync("twice", "a@x.example"));
        Assert.Equal("a@x.example", await Client.NextAsync("twice"));
        await Client.PostAsync("/namespaces/twice/dead/revive", new { all = true });

        Assert.Null(await Client.NextAsync("twice"));
        Assert.Equal((0, 0, 0, 1, 1), await Client.AllCountsAsync("twice"));
    }

    [Fact]
    public async Task The_dead_are_listed_page_by_page_the_oldest_death_first_with_all_that_was_pushed()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("LEASE_MAX_ATTEMPTS", "1"));
        var leads = Enumerable.Range(0, 5).Select(n => new { email = $"lead{n}@x.example", externalId = $"x{n}", priority = -n, data = new { n } });
        await grid.Client.PostAsync("/buffer/push", new { @namespace = "ns", brandId = "brand", leads });
        foreach (var leased in await grid.Client.LeaseAsync("ns", count: 5))
        {
            Assert.Equal(["dead"], await grid.Client.NackAsync("ns", 0, leased));
        }

        var listed = new List<string>();
        string? next = null;
        do
        {
            var page = await grid.Client.ReadAsync($"/namespaces/ns/dead?limit=2&next={next}");
            foreach (var lead in page["leads"]!.AsArray())
            {
                listed.Add($"{lead!["email"]} {lead["externalId"]} {lead["priority"]} {lead["data"]!["n"]} {lead["brandId"]} {lead["attempts"]}");
            }

            next = (string?)page["next"];
        }
        while (next is not null);

        Assert.Equal(Enumerable.Range(0, 5).Select(n => $"lead{n}@x.example x{n} {-n} {n} brand 1"), listed);
    }

    [Fact]
    public async Task Large_dead_leads_are_listed_and_revived_a_large_answer_at_a_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("LEASE_MAX_ATTEMPTS", "1"), ("Buffer:AnswerBytes", "250000"));
        var data = new string('x', 100_000);
        await grid.Client.PostAsync("/buffer/push", new { @namespace = "ns", leads = Enumerable.Range(0, 7).Select(n => new { email = $"lead{n}@x.example", data }) });
        while (await grid.Client.LeaseAsync("ns", count: 7) is [_, ..] leased)
        {
            await grid.Client.NackAsync("ns", 0, leased);
        }

        var pages = new List<string[]>();
        var ids = new List<string>();
        string? next = null;
        do
        {
            var page = await grid.Client.ReadAsync($"/namespaces/ns/dead?next={next}");
            pages.Add([.. page["leads"]!.AsArray().Select(lead => (string)lead!["email"]!)]);
            ids.AddRange(page["leads"]!.AsArray().Select(lead => (string)lead!["id"]!));
            next = (string?)page["next"];
        }
        while (next is not null);

        Assert.Equal([3, 3, 1], pages.Select(page => page.Length));
        Assert.Equal(Enumerable.Range(0, 7).Select(n => $"lead{n}@x.example"), pages.SelectMany(page => page));
        Assert.Equal(5, (int)(await grid.Client.PostAsync("/namespaces/ns/dead/revive", new { ids = ids.Take(5) }))["revived"]!);
        Assert.Equal(2, (int)(await grid.Client.PostAsync("/namespaces/ns/dead/revive", new { all = true }))["revived"]!);
        Assert.Equal(Enumerable.Range(0, 7).Select(n => $"lead{n}@x.example"), await grid.Client.DrainAsync("ns"));
    }

    [Fact]
    public async Task Thousands_of_dead_leads_are_revived_in_one_request()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("LEASE_MAX_ATTEMPTS", "1"));
        await grid.Client.PushAsync("ns", [.. Enumerable.Range(0, 2_500).Select(n => $"lead{n}@x.example")]);
        while (await grid.Client.LeaseAsync("ns", count: 1_000) is [_, ..] leased)
        {
            Assert.All(await grid.Client.NackAsync("ns", 0, leased), outcome => Assert.Equal("dead", outcome));
        }

        var revived = await grid.Client.PostAsync("/namespaces/ns/dead/revive", new { all = true });

        Assert.Equal(2_500, (int)revived["revived"]!);
        Assert.Equal((2_500, 0, 0, 0, 0), await grid.Client.AllCountsAsync("ns"));
        Assert.Equal(Enumerable.Range(0, 1_000).Select(n => $"lead{n}@x.example"), await grid.Client.NextAsync("ns", 1_000));
    }

    [Fact]
    public async Task A_lead_whose_last_lease_ended_while_nobody_looked_is_listed_at_the_first_look()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await LeaseGrid.StartAsync(database, shared.Time, ("LEASE_MAX_ATTEMPTS", "1")))
        {
            await grid.Client.PushAsync("ns", "a@x.example");
            Assert.Single(await grid.Client.LeaseAsync("ns"));
        }

        await LeaseGrid.PassAsync(database, shared.Time, TimeSpan.FromHours(2));
        await using var later = await LeaseGrid.StartAsync(database, shared.Time, ("LEASE_MAX_ATTEMPTS", "1"));

        Assert.Equal("a@x.example", Assert.Single(await later.Client.DeadAsync("ns")).Email);
        Assert.Equal((0, 0, 1, 0, 0), await later.Client.AllCountsAsync("ns"));
    }

    [Fact]
    public async Task Another_tenant_sees_and_revives_no_dead_leads()
    {
        await DieAsync("mine", "a@x.example");
        using var other = shared.Grid.NewClient("app", "other");

        using var listed = await other.GetAsync(new Uri("/namespaces/mine/dead", UriKind.Relative));
        using var content = new StringContent("""{"all":true}""", null, "application/json");
        using var revived = await other.PostAsync(new Uri("/namespaces/mine/dead/revive", UriKind.Relative), content);

        Assert.Equal((404, 404), ((int)listed.StatusCode, (int)revived.StatusCode));
        Assert.Single(await Client.DeadAsync("mine"));
    }

    /// <summary>Pushes leads and hands them out until they are dead.</summary>
    private async Task DieAsync(string name, params string[] emails)
    {
        await Client.PushAsync(name, emails);
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var leased = await Client.LeaseAsync(name, count: emails.Length);
            Assert.Equal(emails, leased.Select(lead => lead.Email));
            Assert.All(await Client.NackAsync(name, 0, leased), outcome => Assert.Equal(attempt < 5 ? "returned" : "dead", outcome));
        }
    }
}
