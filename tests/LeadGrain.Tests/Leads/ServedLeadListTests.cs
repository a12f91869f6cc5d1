using System.Globalization;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Leads;

public sealed class ServedLeadListTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    public async Task Pages_of_any_size_give_every_lead_once_newest_first(int limit)
    {
        using var client = shared.Grid.NewClient("pages", $"by-{limit}");
        var emails = Enumerable.Range(0, 40).Select(i => $"lead{i}@pages.example").ToArray();
        await client.PushAsync("one", emails[..20]);
        await client.PushAsync("two", emails[20..]);
        List<string> served = [.. await client.DrainAsync("one"), .. await client.DrainAsync("two")];

        Assert.Equal(Enumerable.Reverse(served), await WalkAsync(client, $"/leads?limit={limit}", _ => Task.CompletedTask));
    }

    [Fact]
    public async Task Pages_of_sizes_that_change_on_the_way_give_every_lead_once_newest_first()
    {
        using var client = shared.Grid.NewClient("pages", "mixed");
        await client.PushAsync("ns", [.. Enumerable.Range(0, 50).Select(i => $"lead{i}@sizes.example")]);
        var served = await client.DrainAsync("ns");
        served.Reverse();

        Prop.ForAll<PositiveInt[]>(sizes =>
        {
            var (walked, next, turn) = (new List<string>(), (string?)null, 0);
            do
            {
                var limit = sizes.Length == 0 ? 100 : Math.Min(sizes[turn++ % sizes.Length].Get, 1_000);
                var page = client.ReadAsync($"/leads?limit={limit}{(next is null ? "" : $"&next={next}")}").GetAwaiter().GetResult();
                walked.AddRange(page["leads"]!.AsArray().Select(lead => (string)lead!["email"]!));
                next = (string?)page["next"];
            }
            while (next is not null);
            return walked.SequenceEqual(served);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(25));
    }

    [Fact]
    public async Task Leads_served_while_somebody_pages_neither_repeat_nor_hide_older_ones()
    {
        using var client = shared.Grid.NewClient("pages", "stable");
        var emails = Enumerable.Range(0, 60).Select(i => $"lead{i}@stable.example").ToArray();
        await client.PushAsync("ns", emails);
        for (var i = 0; i < 30; i++)
        {
            await client.NextAsync("ns");
        }

        var walked = await WalkAsync(client, "/leads?limit=4", _ => client.NextAsync("ns"));

        Assert.Equal(emails[..30].Reverse(), walked);
    }

    [Fact]
    public async Task What_was_served_before_a_time_is_found_though_a_clock_was_wrong_then()
    {
        using var client = shared.Grid.NewClient("pages", "before");
        await client.PushAsync("before", "then@x.example", "wrong@x.example", "now@x.example");
        await client.DrainAsync("before");
        var then = DateTimeOffset.UtcNow.AddDays(-10);
        foreach (var (email, id) in ((string, DateTimeOffset)[])[("then@x.example", then), ("wrong@x.example", DateTimeOffset.UtcNow.AddDays(3))])
        {
            await shared.Database.ExecuteAsync(
                "update served_leads set id = $1, served_at = $2 where email_key = $3", Guid.CreateVersion7(id), then.UtcDateTime, email);
        }

        var path = $"/leads?servedBefore={Uri.EscapeDataString($"{then.AddDays(5):O}")}";
        Assert.Equal(["wrong@x.example", "then@x.example"], await WalkAsync(client, $"{path}&limit=1", _ => Task.CompletedTask));

        // Long after the clock was set right, too.
        await shared.Database.ExecuteAsync(
            "update served_leads set id = $1 where email_key = 'wrong@x.example'", Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-3)));
        Assert.Equal(["wrong@x.example", "then@x.example"], await WalkAsync(client, $"{path}&limit=1", _ => Task.CompletedTask));

        // And where all ids are right, as nearly always.
        await shared.Database.ExecuteAsync(
            "update served_leads set id = $1 where email_key = 'wrong@x.example'", Guid.CreateVersion7(then.AddSeconds(-1)));
        Assert.Equal(["then@x.example", "wrong@x.example"], await WalkAsync(client, $"{path}&limit=1", _ => Task.CompletedTask));
    }

    [Fact]
    public async Task Every_filter_keeps_what_it_names_and_nothing_else()
    {
        using var client = shared.Grid.NewClient("filters", "org");
        foreach (var (name, brand, organization, user) in ((string, string, string, string)[])
            [("n1", "b1", "o1", "u1"), ("n2", "b1", "o2", "u2"), ("n3", "b2", "o1", "u2")])
        {
            await client.PostAsync("/buffer/push", new
            {
                @namespace = name, brandId = brand, clerkOrgId = organization, clerkUserId = user,
                leads = new[] { new { email = "same@filters.example" }, new { email = $"{name}@filters.example" } },
            });
            await client.DrainAsync(name);
        }

        foreach (var (filter, namespaces) in ((string, string)[])
            [
                ("brandId=b1", "n1 n2"),
                ("clerkOrgId=o1", "n1 n3"),
                ("clerkUserId=u2", "n2 n3"),
                ("namespace=n2", "n2"),
                ("brandId=b1&clerkOrgId=o1", "n1"),
                ("email=%20SAME@filters.example", "n1 n2 n3"),
                ("email=same@filters.example&brandId=b2", "n3"),
                ("brandId=b1&clerkUserId=u3", ""),
                ("brandId=' or true --", ""),
            ])
        {
            Assert.Equal(namespaces, await NamespacesAsync(client, filter));
        }
    }

    [Fact]
    public async Task A_time_range_holds_its_start_and_not_its_end()
    {
        using var client = shared.Grid.NewClient("times", "org");
        await client.PushAsync("ns", [.. Enumerable.Range(0, 9).Select(i => $"lead{i}@times.example")]);
        await client.DrainAsync("ns");
        var times = (await client.ReadAsync("/leads"))["leads"]!.AsArray()
            .Select(lead => DateTimeOffset.Parse((string)lead!["servedAt"]!, CultureInfo.InvariantCulture)).Order().ToArray();

        var (from, to) = (times[3], times[6]);
        var found = (await client.ReadAsync($"/leads?servedAfter={Text(from)}&servedBefore={Text(to)}"))["leads"]!.AsArray();

        Assert.Equal(times.Count(t => t >= from && t < to), found.Count);
        Assert.InRange(found.Count, 1, 8);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(160)]
    public async Task A_filter_that_many_namespaces_match_pages_as_one_that_few_match_does(int namespaces)
    {
        using var client = shared.Grid.NewClient("wide", $"org-{namespaces}");
        var served = new List<(string Brand, string Email)>();
        for (var i = 0; i < 160; i++)
        {
            var brand = i % 2 == 0 ? "even" : "odd";
            await client.PostAsync("/buffer/push", new
            {
                @namespace = $"ns-{i % namespaces}", brandId = brand, clerkUserId = $"user-{i}",
                leads = new[] { new { email = $"lead{i}@wide.example" } },
            });
            served.Add((brand, (await client.NextAsync($"ns-{i % namespaces}"))!));
        }

        served.Reverse();
        Assert.Equal(
            served.Where(s => s.Brand == "even").Select(s => s.Email),
            await WalkAsync(client, "/leads?brandId=even&limit=9", _ => Task.CompletedTask));
        Assert.Equal(
            served.Where(s => s.Brand == "odd").Select(s => s.Email),
            await WalkAsync(client, "/leads?brandId=odd&limit=50", _ => Task.CompletedTask));
    }

    [Fact]
    public async Task What_the_cache_knows_of_an_email_is_joined_to_its_leads()
    {
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database, null, ("APOLLO_SERVICE_URL", apollo.Url.ToString()), ("APOLLO_SERVICE_API_KEY", apollo.ApiKey));
        await grid.Client.PushAsync("ns", "Jane@Acme.example", "nobody@acme.example", "unasked@acme.example");
        await grid.Client.DrainAsync("ns");
        var known = await grid.Client.PostAsync("/enrich", new { email = "jane@acme.example" });
        await grid.Client.PostAsync("/enrich", new { email = "nobody@acme.example" });

        var leads = (await grid.Client.ReadAsync("/leads"))["leads"]!.AsArray().ToDictionary(l => (string)l!["email"]!, l => l!["enrichment"]);

        Assert.Equal((string?)known["firstName"], (string?)leads["Jane@Acme.example"]!["firstName"]);
        Assert.NotNull((string?)leads["Jane@Acme.example"]!["organizationName"]);
        Assert.Null(leads["nobody@acme.example"]);
        Assert.Null(leads["unasked@acme.example"]);
    }

    private static string Text(DateTimeOffset time) => Uri.EscapeDataString(time.ToString("O", CultureInfo.InvariantCulture));

    private static async Task<string> NamespacesAsync(HttpClient client, string filter)
    {
        var leads = (await client.ReadAsync($"/leads?{filter}"))["leads"]!.AsArray();
        return string.Join(' ', leads.Select(lead => (string)lead!["namespace"]!).Distinct().Order());
    }

    private static async Task<List<string>> WalkAsync(HttpClient client, string path, Func<JsonNode, Task> betweenPages)
    {
        var (emails, next) = (new List<string>(), (string?)null);
        do
        {
            var page = await client.ReadAsync(next is null ? path : $"{path}&next={Uri.EscapeDataString(next)}");
            emails.AddRange(page["leads"]!.AsArray().Select(lead => (string)lead!["email"]!));
            next = (string?)page["next"];
            await betweenPages(page);
        }
        while (next is not null);

        return emails;
    }
}
