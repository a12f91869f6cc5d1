using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Routing;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

/// <summary>Statements find their leads and pushes however many others there are.</summary>
public sealed class RoutingPlanTests
{
    [Fact]
    public async Task The_first_lead_of_a_campaigns_day_reads_that_campaigns_pushes_only()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        await database.ExecuteAsync(
            """
            insert into campaigns (organization_id, campaign_id, kind, settings, created_at, updated_at)
            select $1, '7', 'smartlead', '{"dailyCap":100,"timeZone":"Europe/Berlin"}', now(), now()
            """,
            organization);
        await database.ExecuteAsync(
            """
            insert into campaign_pushes (lead_id, organization_id, campaign_id, state, created_at)
            select gen_random_uuid(), $1 + n % 4, case n % 5000 when 0 then '7' else '8' end, 'sent', now() from generate_series(1, 20000) n
            """,
            organization);
        await database.ExecuteAsync("vacuum analyze campaign_pushes");

        var read = await RowsRead.OfAsync(database, "campaign_pushes", IngestStatement.MakeRows, command => command.Bind(
            DateTime.UtcNow, new[] { organization }, new Guid?[] { null }, new[] { DateOnly.FromDateTime(DateTime.UtcNow) }, new int?[] { null }, new[] { "7" }));

        Assert.InRange(read, 1, 10);
    }

    [Fact]
    public async Task What_an_email_was_routed_by_is_found_without_its_repeats_that_were_blocked()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        await AddLeadsAsync(database, organization, 5_000, "'jane@acme.example'", "case n % 2000 when 0 then 'ACTIVE' else 'BLOCKED' end");

        var read = await RowsRead.OfAsync(database, "routed_leads", RoutedLeadStore.HistorySql, command => command.Bind(
            new[] { organization }, new[] { "jane@acme.example" }, new[] { new byte[32] }, new[] { Guid.Empty }, new[] { DateTime.UtcNow.AddDays(-30) }));

        Assert.InRange(read, 2, 10);
    }

    [Fact]
    public async Task Dead_leads_and_those_of_a_campaign_are_listed_without_reading_the_others()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        await AddLeadsAsync(database, organization, 20_000, "n || '@acme.example'", "case n % 5000 when 0 then 'DEAD' else 'ACTIVE' end");

        Assert.InRange(await ListAsync("DEAD", null), 4, 10);
        Assert.InRange(await ListAsync(null, "rare"), 4, 10);
        Assert.InRange(await ListAsync("DEAD", "rare"), 0, 10);
        Assert.InRange(await ListAsync(null, null), 101, 101);

        Task<double> ListAsync(string? status, string? campaign) => RowsRead.OfAsync(database, "routed_leads", RoutedLeadStore.ListSql, command => command.Bind(
            organization, Guid.AllBitsSet, Guid.Empty, status, campaign, null, DateTime.UtcNow.AddDays(-1), DateTime.UtcNow.AddDays(1), 101));
    }

    // Each with a rule, but for blocked ones; every 5,000th, one off, in a campaign of its own.
    private static async Task AddLeadsAsync(TestDatabase database, long organization, int count, string email, string status)
    {
        await database.ExecuteAsync(
            $"""
            insert into routed_leads (
                id, organization_id, email, email_key, data, source, health, health_score, checks, status, campaign_id, rule_id, created_at, updated_at)
            select gen_random_uuid(), $1, l.email, l.email, '{"{}"}', 'api', case status when 'BLOCKED' then 'RED' else 'GREEN' end, 0, '[]', status,
                case when status <> 'BLOCKED' then case n % 5000 when 1 then 'rare' else 'usual' end end,
                case when status <> 'BLOCKED' then gen_random_uuid() end, now(), now()
            from generate_series(1, {count}) n cross join lateral (select {email} as email, {status} as status) l
            """,
            organization);
        await database.ExecuteAsync("vacuum analyze routed_leads");
    }
}
