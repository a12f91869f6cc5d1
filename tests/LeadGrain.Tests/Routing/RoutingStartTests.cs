using LeadGrain.Grains.Routing;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

/// <summary>Leads that wait where no reminder is left, as after a move to the other host.</summary>
public sealed class RoutingStartTests
{
    [Fact]
    public async Task A_grid_without_reminders_finds_the_leads_of_the_pool_and_those_for_namespaces_by_itself()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var before = await TestGrid.StartAsync(database))
        {
            await before.Client.IngestAsync(new { email = "pool@acme.example" });
            using var other = before.NewClient("app", "other");
            await other.PostAsync("/api/ingest?wait=0", new { email = "namespace@acme.example" });
        }

        await database.ExecuteAsync(
            """
            insert into routing_rules (id, organization_id, definition, created_at, updated_at)
            select gen_random_uuid(), id, '{"persona":"*","minScore":0,"priority":0,"target":{"campaignId":"1"},"conditions":[],"enabled":true}', now(), now()
            from organizations where org_id = 'org';
            update routed_leads set namespace = 'own', namespace_due_at = now() where email = 'namespace@acme.example';
            do $$ begin
                delete from embedded_reminders;
                if to_regclass('orleans_reminders') is not null then
                    execute 'delete from orleans_reminders';
                end if;
            end $$
            """);
        await using var grid = await TestGrid.StartAsync(
            database, null, ("Routing:PoolLookAfter", "00:00:01"), ("Routing:NamespaceRetryAfter", "00:00:01"));

        await Eventually.FindAsync(
            "one is assigned and one has arrived",
            () => database.ScalarAsync<string>("select coalesce(string_agg(concat_ws(' ', status, campaign_id, namespace), ', ' order by id), '') from routed_leads"),
            found => found == "HELD 1, ACTIVE own");
    }

    [Fact]
    public async Task Organizations_whose_leads_wait_are_found_without_reading_all_that_wait()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into organizations (app_id, org_id) select 'app', n::text from generate_series(1, 4) n");
        await database.ExecuteAsync(
            """
            insert into routed_leads (
                id, organization_id, email, email_key, data, source, health, health_score, checks, status, campaign_id, namespace, created_at, updated_at)
            select gen_random_uuid(), o.id, 'a@b.c', 'a@b.c', '{}', 'api', 'GREEN', 0, '[]',
                case o.org_id when '4' then 'ACTIVE' else 'HELD' end, case o.org_id when '3' then '7' end, case o.org_id when '2' then 'own' end, now(), now()
            from organizations o, generate_series(1, 5000)
            """);
        await database.ExecuteAsync("vacuum analyze routed_leads");

        var found = await database.ScalarAsync<string>($"select string_agg(org_id, ' ' order by org_id) from ({RoutedLeadStore.OrganizationsSql}) w");

        Assert.Equal("1 2", found);
        Assert.InRange(await RowsRead.OfAsync(database, "routed_leads", RoutedLeadStore.OrganizationsSql, static _ => { }), 2, 20);
    }
}
