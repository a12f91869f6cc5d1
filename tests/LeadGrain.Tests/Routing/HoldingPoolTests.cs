using System.Text.Json.Nodes;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

public sealed class HoldingPoolTests
{
    [Fact]
    public async Task Held_leads_are_routed_once_by_id_or_all_a_step_at_a_time_and_that_is_audited()
    {
        await using var database = await TestDatabase.CreateAsync();
        var ids = new List<string>();
        await using (var before = await TestGrid.StartAsync(database))
        {
            for (var n = 0; n < 6; n++)
            {
                ids.Add((string)(await before.Client.IngestAsync(new { email = $"{n}@acme.example" }))["leadId"]!);
            }

            await before.Client.PostAsync("/suppressions", new { emails = new[] { "5@acme.example" } });
        }

        await database.ExecuteAsync(
            """
            insert into routing_rules (id, organization_id, definition, created_at, updated_at)
            select gen_random_uuid(), id, '{"persona":"*","minScore":0,"priority":0,"target":{"campaignId":"1"},"conditions":[],"enabled":true}', now(), now()
            from organizations
            """);
        await using var grid = await TestGrid.StartAsync(database); // looks at the pool in a minute
        var missing = Guid.NewGuid();
        var some = await RouteAsync(grid.Client, new { leadIds = new[] { Guid.Parse(ids[0]), missing } }, "a customer asked");
        var again = await RouteAsync(grid.Client, new { leadIds = new[] { Guid.Parse(ids[0]) } });
        var both = await Task.WhenAll(RouteAsync(grid.Client, new { all = true }), RouteAsync(grid.Client, new { all = true }));

        Assert.Equal("1 0 0 1", Counts(some));
        Assert.Equal("0 0 0 1", Counts(again));
        Assert.Equal((4, 1), (both.Sum(step => (int)step["routed"]!), both.Sum(step => (int)step["blocked"]!)));
        Assert.Equal(5, await database.ScalarAsync<long>("select count(*) from campaign_pushes"));
        Assert.Equal(["assigned", "unassigned"], await grid.Client.ActionsAsync(ids[0]));
        Assert.Equal(["blocked", "unassigned"], await grid.Client.ActionsAsync(ids[5]));
        Assert.Equal("HELD HELD 1", await StatusesAsync(grid.Client, ids[0], "campaignId"));
        Assert.Equal("HELD BLOCKED", await StatusesAsync(grid.Client, ids[5], "campaignId"));
        var noted = (await grid.Client.ReadAsync("/audit?action=held_leads_routed"))["entries"]!.AsArray();
        Assert.Equal(("admin", "a customer asked", 1), ((string)noted[^1]!["actor"]!, (string)noted[^1]!["reason"]!, (int)noted[^1]!["after"]!["routed"]!));
    }

    [Fact]
    public async Task A_rule_that_is_made_or_changed_takes_the_leads_that_wait_for_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Routing:PoolLookAfter", "01:00:00")); // at once, and not when it is looked at
        var rule = await grid.Client.AddRuleAsync(new { min_score = 90, target = new { campaign = "1" } });
        for (var n = 0; n < 30; n++)
        {
            await grid.Client.IngestAsync(new { email = $"{n}@acme.example", lead_score = n });
        }

        await grid.Client.AddRuleAsync(new { min_score = 20, target = new { @namespace = "own" } });
        await UntilTenAsync(database, "select count(*) from routed_leads where status = 'ACTIVE'");
        await grid.Client.SendAsync(HttpMethod.Patch, $"/routing/rules/{rule}", """{"minScore":10}""");
        await UntilTenAsync(database, "select count(*) from campaign_pushes");

        Assert.Equal(10, await database.ScalarAsync<long>("select count(*) from routed_leads where status = 'HELD' and rule_id is null"));
        Assert.Equal(10, (await grid.Client.DrainAsync("own")).Count);
        Assert.Equal(20, (await grid.Client.ActionsAsync()).Count(action => action == "assigned"));
    }

    [Fact]
    public async Task Leads_wait_for_hours_to_open_and_for_a_days_cap_to_renew_also_over_a_restart()
    {
        var time = new FakeTime(); // noon
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using (var first = await LeaseGrid.StartAsync(database, time))
        {
            await first.Client.AddRuleAsync(new { persona = "A", target = new { campaign = "1" }, activeHours = new { timeZone = "UTC", from = "14:00", to = "15:00" } });
            await first.Client.AddRuleAsync(new { persona = "B", dailyCap = 1, target = new { campaign = "2" } });
            await first.Client.IngestAsync(new { email = "a@acme.example", persona = "A" });
            await first.Client.IngestAsync(new { email = "b1@acme.example", persona = "B" });
            await first.Client.IngestAsync(new { email = "b2@acme.example", persona = "B" });
            await first.Client.IngestAsync(new { email = "c@acme.example", persona = "C" });
            Assert.Equal("2: 1", await AssignedAsync(database));
        }

        time.Advance(TimeSpan.FromHours(2));
        await using var second = await LeaseGrid.StartAsync(database, time);
        await AssignedAsync(database, time, "1: 1, 2: 1");
        time.Advance(TimeSpan.FromHours(10));
        await AssignedAsync(database, time, "1: 1, 2: 2");

        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from routed_leads where rule_id is null"));
    }

    [Fact]
    public async Task A_lead_that_waited_makes_its_email_a_duplicate_from_when_it_was_routed()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        await grid.Client.IngestAsync(new { email = "jane@acme.example" });
        time.Advance(TimeSpan.FromDays(31));
        await grid.Client.AddRuleAsync(new { target = new { campaign = "1" } });
        await AssignedAsync(database, time, "1: 1");

        time.Advance(TimeSpan.FromDays(1));
        var next = await grid.Client.IngestAsync(new { email = "jane@acme.example" });
        time.Advance(TimeSpan.FromDays(30));
        var later = await grid.Client.IngestAsync(new { email = "jane@acme.example" });

        Assert.Equal(("BLOCKED", "duplicate"), ((string)next["status"]!, (string)next["health"]!["checks"]![0]!["name"]!));
        Assert.Equal("HELD", (string)later["status"]!);
    }

    private static async Task<JsonNode> RouteAsync(HttpClient client, object body, string? why = null)
    {
        (string, string)[] headers = why is null ? [] : [("X-Audit-Reason", why)];
        var (status, answer, _) = await client.SendAsync(
            HttpMethod.Post, "/routing/leads/route", System.Text.Json.JsonSerializer.Serialize(body), headers);
        Assert.True((int)status == 200, answer.ToJsonString());
        return answer;
    }

    // Of the newest entry: before, after, and where to.
    private static async Task<string> StatusesAsync(HttpClient client, string lead, string target)
    {
        var entry = (await client.ReadAsync($"/audit?entityId={lead}"))["entries"]![0]!;
        return $"{entry["before"]!["status"]} {entry["after"]!["status"]} {entry["after"]![target]}".TrimEnd();
    }

    private static string Counts(JsonNode step) => $"{step["routed"]} {step["blocked"]} {step["held"]} {step["notHeld"]}";

    private static async Task<string> AssignedAsync(TestDatabase database)
        => await database.ScalarAsync<string>("select coalesce(string_agg(campaign_id || ': ' || n, ', ' order by campaign_id), '') from (select campaign_id, count(*) as n from campaign_pushes group by 1) p");

    private static async Task UntilTenAsync(TestDatabase database, string sql)
        => await Eventually.FindAsync($"ten are found by: {sql}", () => database.ScalarAsync<long>(sql), found => found == 10);

    // A reminder fires on a clock that is put forward; what it starts runs on its own.
    private static async Task AssignedAsync(TestDatabase database, FakeTime time, string expected) => await Eventually.FindAsync(
        $"{expected} are assigned", () => AssignedAsync(database), found => found == expected, between: () => time.Advance(TimeSpan.FromSeconds(3)));
}
