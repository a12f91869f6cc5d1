using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

public sealed class NamespaceSweepTests
{
    [Fact]
    public async Task A_lead_whose_process_died_before_its_namespace_had_it_is_brought_there_by_the_next_process()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var first = await StartAsync(database))
        {
            await first.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
            await first.Client.PostAsync("/api/ingest?wait=30", new { email = "arrived@acme.example" });
            await first.Client.PostAsync("/suppressions", new { emails = new[] { "asked-not-to@acme.example" } });
        }

        // As its commit has left it, a minute ago.
        Assert.Equal(2, await database.ExecuteAsync(
            """
            insert into routed_leads (
                id, organization_id, email, email_key, data, source, health, health_score, checks, status, rule_id, namespace, created_at, updated_at)
            select n.id, organization_id, n.email, n.email, json_build_object('email', n.email), source, health, health_score,
                checks, 'HELD', rule_id, namespace, now(), now()
            from routed_leads, (values ($1, 'left@acme.example'), ($2, 'asked-not-to@acme.example')) as n (id, email)
            """,
            Guid.CreateVersion7(DateTimeOffset.UtcNow.AddMinutes(-1)),
            Guid.CreateVersion7(DateTimeOffset.UtcNow.AddMinutes(-1))));

        await using var second = await StartAsync(database);
        await Eventually.FindAsync(
            "both are in the namespace",
            () => database.ScalarAsync<long>("select count(*) from routed_leads where status = 'ACTIVE'"),
            active => active == 2);

        await Eventually.FindAsync(
            "the one that is not to be contacted is dead",
            () => database.ScalarAsync<long>("select count(*) from routed_leads where status = 'DEAD' and email = 'asked-not-to@acme.example'"),
            dead => dead == 1);
        Assert.Equal(["arrived@acme.example", "left@acme.example"], await second.Client.DrainAsync("own"));
        Assert.Equal(2, (await second.Client.ActionsAsync()).Count(action => action == "pushed_to_namespace"));
    }

    [Fact]
    public async Task A_lead_out_of_the_pool_is_on_its_way_for_as_long_as_the_setting_says()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, "01:00:00");
        await grid.Client.IngestAsync(new { email = "pool@acme.example" });
        await grid.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
        await grid.Client.PostAsync("/routing/leads/route", new { all = true });

        await Eventually.FindAsync(
            "it is pushed again an hour later",
            () => database.ScalarAsync<string>("select coalesce((namespace_due_at - routed_at)::text, '') from routed_leads"),
            wait => wait == "01:00:00");
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, string retryAfter = "00:00:01")
        => TestGrid.StartAsync(database, null, ("Routing:NamespaceRetryAfter", retryAfter));
}
