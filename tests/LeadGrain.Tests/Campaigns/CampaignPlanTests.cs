using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;
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
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        await database.ExecuteAsync(
            """
            insert into campaigns (organization_id, campaign_id, kind, settings, created_at, updated_at, epoch)
            select $1, '7', 'smartlead', '{}', now(), now(), 1
            """,
            organization);
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
