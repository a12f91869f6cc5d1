using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Statements find their pushes however many were sent before.</summary>
public sealed class CampaignPlanTests
{
    [Fact]
    public async Task A_retry_of_all_and_a_new_campaign_do_not_read_through_what_was_sent()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await AddCampaignAsync(database);
        await database.ExecuteAsync(
            """
            insert into campaign_pushes (lead_id, organization_id, campaign_id, state, attempts)
            select gen_random_uuid(), $1, '7', case n % 6000 when 0 then 'dead' when 1 then 'waiting' else 'sent' end, 1 from generate_series(1, 30000) n
            """,
            organization);
        await database.ExecuteAsync("insert into campaign_pushes (lead_id, organization_id, campaign_id) values (gen_random_uuid(), $1, '9')", organization);
        await database.ExecuteAsync("vacuum analyze campaign_pushes");

        Assert.InRange(await RowsRead.OfAsync(database, "campaign_pushes", PushStore.RetrySql, command => BindRetry(command, organization)), 20, 200);
        Assert.InRange(await RowsRead.OfAsync(database, "campaign_pushes", CampaignStore.PutSql, command => BindNew(command, organization, "8")), 0, 100);
        Assert.InRange(await RowsRead.OfAsync(database, "campaign_pushes", CampaignStore.AddSql, command => BindNew(command, organization, "9")), 1, 100);
    }

    [Fact]
    public async Task A_take_reads_no_more_than_it_takes_of_pushes_that_are_all_due_at_one_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await AddCampaignAsync(database);
        await database.ExecuteAsync(
            "insert into campaign_pushes (lead_id, organization_id, campaign_id, due_at) select gen_random_uuid(), $1, '7', '2026-01-01Z' from generate_series(1, 5000)",
            organization);
        await database.ExecuteAsync("vacuum analyze campaign_pushes");

        var read = await RowsRead.OfAsync(
            database, "campaign_pushes", PushStore.TakeSql, command => command.Bind(organization, "7", 1L, DateTime.UtcNow, 8, (long)PushStore.TakenBytes));

        Assert.InRange(read, 8, 40);
    }

    [Fact]
    public async Task Of_large_leads_no_more_are_taken_at_once_than_fit_and_the_others_stay_due()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await AddCampaignAsync(database);
        await database.ExecuteAsync(
            """
            with leads as (
                insert into routed_leads (
                    id, organization_id, email, email_key, data, source, health, health_score, checks, status, campaign_id, created_at, updated_at)
                select gen_random_uuid(), $1, n || '@x.example', n || '@x.example', json_build_object('x', repeat('x', case n when 13 then 9000000 else 1000000 end)),
                    'api', 'GREEN', 0, '[]', 'HELD', '7', now(), now()
                from generate_series(1, 13) n
                returning id, email
            )
            insert into campaign_pushes (lead_id, organization_id, campaign_id, due_at)
            select id, $1, '7', now() - case email when '13@x.example' then interval '1 hour' else interval '1 minute' end from leads
            """,
            organization);
        var store = new PushStore(database.DataSource, Options.Create(new CampaignOptions()), TimeProvider.System);

        foreach (var (taken, waiting) in new[] { (1, 12L), (9, 3L), (3, 0L) })
        {
            Assert.Equal(taken, (await store.TakeAsync(organization, "7", 1, 400))!.Leads.Count);
            Assert.Equal(waiting, await database.ScalarAsync<long>("select count(*) from campaign_pushes where state = 'waiting' and attempts = 0"));
        }

        Assert.Null(await store.TakeAsync(organization, "7", 1, 400));
    }

    private static async Task<long> AddCampaignAsync(TestDatabase database)
    {
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        await database.ExecuteAsync(
            """
            insert into campaigns (organization_id, campaign_id, kind, settings, created_at, updated_at, epoch)
            select $1, '7', 'smartlead', '{}', now(), now(), 1
            """,
            organization);
        return organization;
    }

    private static void BindRetry(NpgsqlCommand command, long organization)
    {
        command.Bind(organization, "7", DateTime.UtcNow, 10);
        command.Parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        command.Bind("test");
        command.Parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Bind([null]);
        AuditStore.Bind(command, [], DateTimeOffset.UtcNow);
    }

    private static void BindNew(NpgsqlCommand command, long organization, string campaign)
    {
        command.Bind(organization, campaign, "smartlead");
        var settings = SettingsJson.Write(new CampaignSettings.Smartlead(new SmartleadSettings()));
        command.Parameters.Add(new NpgsqlParameter { Value = settings, NpgsqlDbType = NpgsqlDbType.Json });
        command.Bind(DateTime.UtcNow);
        AuditStore.Bind(command, [(0, new AuditEntry(organization, "test", "campaign_created", "campaign", campaign))], DateTimeOffset.UtcNow);
    }
}
