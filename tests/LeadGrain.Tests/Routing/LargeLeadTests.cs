using System.Text.Json.Nodes;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

/// <summary>A routed lead keeps its whole body, up to 1 MB of it: a thousand of them are never read at once.</summary>
public sealed class LargeLeadTests
{
    private const int Leads = 14;

    [Fact]
    public async Task A_page_of_large_leads_or_entries_ends_early_and_the_rest_follows()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        await grid.Client.IngestAsync(new { email = "0@acme.example" });
        await AddAsync(database, "BLOCKED", "RED");
        await database.ExecuteAsync(
            """
            insert into audit_log (organization_id, at, actor, action, entity, entity_id, before, after)
            select id, now(), 'admin', 'rule_changed', 'rule', n::text,
                json_build_object('x', repeat('x', 400000)), json_build_object('x', repeat('x', 600000))
            from organizations, generate_series(1, 14) as n
            """);

        var leads = await PagesAsync(grid.Client, "/routing/leads", "leads");
        var entries = await PagesAsync(grid.Client, "/audit?entity=rule", "entries");

        Assert.Equal([5, 5, 5], leads.ConvertAll(page => page.Count));
        Assert.Equal(
            [.. Enumerable.Range(0, Leads + 1).Reverse().Select(n => $"{n}@acme.example")],
            leads.SelectMany(page => page.Select(lead => (string)lead!["email"]!)));
        Assert.Equal([5, 5, 4], entries.ConvertAll(page => page.Count));
        Assert.Equal(
            [.. Enumerable.Range(1, Leads).Reverse().Select(n => $"{n}")],
            entries.SelectMany(page => page.Select(entry => (string)entry!["entityId"]!)));
    }

    [Fact]
    public async Task Large_leads_leave_the_holding_pool_some_at_a_time_and_each_once()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Routing:PoolLookAfter", "01:00:00"));
        await grid.Client.IngestAsync(new { email = "0@acme.example" });
        await AddAsync(database, "HELD", "GREEN");

        var steps = new List<(int Held, bool HasMore)>();
        string? next = null;
        do
        {
            var step = await RouteAsync(grid.Client, """{"all":true}""", next);
            next = (string?)step["next"];
            steps.Add(((int)step["held"]!, next is not null));
        }
        while (next is not null);

        Assert.Equal([(6, true), (5, true), (4, false)], steps);
        var ids = await database.ScalarAsync<string>("select string_agg('\"' || id || '\"', ',') from routed_leads");
        Assert.Equal(Leads + 1, (int)(await RouteAsync(grid.Client, $$"""{"leadIds":[{{ids}}]}""", null))["held"]!);

        await grid.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
        await Eventually.FindAsync(
            "all are in the namespace",
            () => database.ScalarAsync<long>("select count(*) from routed_leads where status = 'ACTIVE'"),
            active => active == Leads + 1);
        Assert.Equal(Leads + 1, (await grid.Client.ActionsAsync()).Count(action => action == "pushed_to_namespace"));
    }

    // Of a megabyte each, in the order of their names.
    private static async Task AddAsync(TestDatabase database, string status, string health)
    {
        for (var n = 1; n <= Leads; n++)
        {
            await database.ExecuteAsync(
                """
                insert into routed_leads (
                    id, organization_id, email, email_key, data, source, health, health_score, checks, status, created_at, updated_at)
                select $1, organization_id, $2, $2, json_build_object('email', $2, 'note', repeat('x', 1000000)), source, $3, 100, checks, $4, now(), now()
                from routed_leads where email = '0@acme.example'
                """,
                Guid.CreateVersion7(),
                $"{n}@acme.example",
                health,
                status);
        }
    }

    private static async Task<List<JsonArray>> PagesAsync(HttpClient client, string path, string member)
    {
        var pages = new List<JsonArray>();
        string? next = null;
        do
        {
            var page = await client.ReadAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit=1000{(next is null ? "" : $"&next={Uri.EscapeDataString(next)}")}");
            pages.Add(page[member]!.AsArray());
            next = (string?)page["next"];
        }
        while (next is not null);

        return pages;
    }

    private static async Task<JsonNode> RouteAsync(HttpClient client, string body, string? next)
    {
        var (status, answer, _) = await client.SendAsync(
            HttpMethod.Post, $"/routing/leads/route{(next is null ? "" : $"?next={Uri.EscapeDataString(next)}")}", body);
        Assert.True((int)status == 200, answer.ToJsonString());
        return answer;
    }
}
