using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Campaigns in PostgreSQL: their settings and states.</summary>
internal sealed class CampaignStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists, TimeProvider time)
{
    private const string Columns =
        """
        c.campaign_id, c.kind, c.settings::text, c.state, c.stopped_for, c.created_at, c.updated_at, w.waiting, w.sending, c.sent_count, c.dead_count
        """;

    private const string Waiting =
        """
        cross join lateral (
            select count(*) filter (where p.state = 'waiting') as waiting, count(*) filter (where p.state = 'sending') as sending
            from campaign_pushes p
            where p.organization_id = c.organization_id and p.campaign_id = c.campaign_id and p.state in ('waiting', 'sending')
        ) w
        """;

    private const string GetSql = $"select {Columns} from campaigns c {Waiting} where c.organization_id = $1 and c.campaign_id = $2";

    private const string ListSql =
        $"select {Columns} from (select * from campaigns where organization_id = $1 and campaign_id > $2 order by campaign_id limit $3) c {Waiting} order by c.campaign_id";

    private const string ClaimSql =
        """
        with claimed as (
            update campaigns set epoch = epoch + 1 where organization_id = $1 and campaign_id = $2
            returning epoch, kind, settings, state, stopped_for, organization_id
        )
        select c.epoch, c.kind, c.settings::text, c.state, c.stopped_for, s.settings::text
        from claimed c left join smartlead_settings s on s.organization_id = c.organization_id
        """;

    // What an earlier activation had under way is waiting again: the target tells whether it has it already. A statement of its own: the
    // claim may have waited for the earlier one's last, and does not see what that wrote.
    private const string AgainSql =
        "update campaign_pushes set state = 'waiting' where organization_id = $1 and campaign_id = $2 and state = 'sending'";

    private const string SmartleadSql = "select settings::text from smartlead_settings where organization_id = $1";

    // Above the epoch of any earlier row of the campaign: of one that was removed a batch may still be under way.
    private const string FirstEpoch = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";

    // Of an earlier campaign of the id, which was removed, and whose pushes are still there. No index has those that were sent.
    private const string Counts =
        """
        case when exists (select from removed_campaigns where organization_id = $1 and campaign_id = $2)
            then (select count(*) from campaign_pushes where organization_id = $1 and campaign_id = $2 and state = 'sent') else 0 end,
        case when exists (select from removed_campaigns where organization_id = $1 and campaign_id = $2)
            then (select count(*) from campaign_pushes where organization_id = $1 and campaign_id = $2 and state = 'dead') else 0 end
        """;

    // Somebody who removed a campaign does not want the next lead to bring it back; and what is set up stays as it is.
    internal static readonly string AddSql =
        $"""
        with added as (
            insert into campaigns (organization_id, campaign_id, kind, settings, created_at, updated_at, epoch, sent_count, dead_count)
            select $1, $2, $3, $4, $5, $5, {FirstEpoch}, {Counts}
            where not exists (select from removed_campaigns r where r.organization_id = $1 and r.campaign_id = $2)
                and exists (select from campaign_pushes p where p.organization_id = $1 and p.campaign_id = $2 and p.state in ('waiting', 'sending'))
            on conflict on constraint campaigns_pkey do nothing
            returning 1
        ), noted as ({AuditStore.Append(firstParameter: 6)} where exists (select from added))
        select exists (select from added)
        """;

    // Days are counted anew, by the pushes that there are: without a cap, or by another zone's days, they were not. What was put off
    // by the settings before is due.
    internal static readonly string PutSql =
        $"""
        with wanted as (
            delete from removed_campaigns where organization_id = $1 and campaign_id = $2
        ), old as (
            select kind, settings from campaigns where organization_id = $1 and campaign_id = $2
        ), due as (
            update campaign_pushes p set due_at = $5 from old
            where p.organization_id = $1 and p.campaign_id = $2 and p.state = 'waiting' and p.due_at > $5
                and (old.kind <> $3 or old.settings::jsonb <> $4::jsonb)
        ), put as (
            insert into campaigns (organization_id, campaign_id, kind, settings, created_at, updated_at, epoch, sent_count, dead_count)
            select $1, $2, $3, $4, $5, $5, {FirstEpoch}, {Counts}
            on conflict on constraint campaigns_pkey do update set
                kind = excluded.kind, settings = excluded.settings, updated_at = excluded.updated_at,
                failing_since = case when (excluded.settings ->> 'url') is distinct from (campaigns.settings ->> 'url')
                    then null else campaigns.failing_since end
            returning xmax = 0 as is_new
        ), recounted as (
            delete from campaign_cap_days where organization_id = $1 and campaign_id = $2 and exists (select from put)
        ), noted as ({AuditStore.Append(firstParameter: 6)})
        select is_new from put
        """;

    private static readonly string s_deleteSql =
        $"""
        with gone as (
            delete from campaigns where organization_id = $1 and campaign_id = $2 returning kind, settings
        ), removed as (
            insert into removed_campaigns (organization_id, campaign_id, removed_at) select $1, $2, $3 from gone on conflict do nothing
        ), days as (
            delete from campaign_cap_days where organization_id = $1 and campaign_id = $2 and exists (select from gone)
        ), secrets as (
            delete from organization_secrets where organization_id = $1 and name = any($4) and exists (select from gone) returning name
        ), noted as (
            {AuditStore.Append(firstParameter: 5, "case when entry.entity = 'campaign' then (select (jsonb_build_object('kind', kind) || settings::jsonb)::json from gone) end")}
            where exists (select from gone) and (entry.entity = 'campaign' or exists (select from secrets s where s.name = entry.entity_id))
        )
        select exists (select from gone)
        """;

    private static readonly string s_stateSql =
        $"""
        with old as (
            select state, stopped_for from campaigns where organization_id = $1 and campaign_id = $2 for update
        ), done as (
            update campaigns c set state = $3, stopped_for = null, failing_since = null, updated_at = $4
            from old where c.organization_id = $1 and c.campaign_id = $2 and old.state <> $3
            returning 1
        )
        {AuditStore.Append(firstParameter: 5, "(select json_build_object('state', state, 'stoppedFor', stopped_for) from old)")} where exists (select from done)
        """;

    private static readonly string s_putSmartleadSql =
        $"""
        with put as (
            insert into smartlead_settings (organization_id, settings, updated_at) values ($1, $2, $3)
            on conflict on constraint smartlead_settings_pkey do update set settings = excluded.settings, updated_at = excluded.updated_at
        )
        {AuditStore.Append(firstParameter: 4)}
        """;

    /// <summary>One campaign; null where it is not set up.</summary>
    internal async Task<Campaign?> FindAsync(long organizationId, string campaignId) =>
        (await StorageFaults.GuardAsync(() => database.ReadAllAsync(GetSql, Read, organizationId, campaignId))).FirstOrDefault();

    /// <summary>A page of an organization's campaigns, by id.</summary>
    internal async Task<CampaignPage> ListAsync(long organizationId, string after, int limit)
    {
        var found = await StorageFaults.GuardAsync(() => lists.ReadAllAsync(ListSql, Read, organizationId, after, limit + 1));
        return new CampaignPage([.. found.Take(limit)], found.Count > limit);
    }

    /// <summary>Makes an activation the one that pushes; null where the campaign is not set up.</summary>
    internal Task<ClaimedCampaign?> ClaimAsync(long organizationId, string campaignId) => StorageFaults.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var claimed = await connection.ReadAllAsync(
            ClaimSql,
            row => new ClaimedCampaign(
                organizationId,
                row.GetInt64(0),
                SettingsJson.Read(row.GetString(1), row.GetString(2)),
                StateOf(row.GetString(3)),
                row.Text(4),
                SettingsJson.ReadSmartlead(row.Text(5))),
            organizationId,
            campaignId);
        await using (var again = new NpgsqlCommand(AgainSql, connection))
        {
            again.Bind(organizationId, campaignId);
            await again.ExecuteNonQueryAsync();
        }

        await transaction.CommitAsync();
        return claimed.FirstOrDefault();
    });

    /// <summary>Sets a campaign up, or changes it.</summary>
    /// <returns>Whether it is new.</returns>
    internal Task<bool> PutAsync(long organizationId, string campaignId, CampaignSettings settings, byte[]? before, Actor actor)
        => StorageFaults.GuardAsync(async () =>
        {
            var (now, json) = (time.GetUtcNow(), SettingsJson.Write(settings));
            await using var command = database.CreateCommand(PutSql);
            command.Bind(organizationId, campaignId, settings.Kind);
            command.Parameters.Add(new NpgsqlParameter { Value = json, NpgsqlDbType = NpgsqlDbType.Json });
            command.Bind(now.UtcDateTime);
            var action = before is null ? "campaign_created" : "campaign_changed";
            AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, action, "campaign", campaignId, before, SettingsJson.Audited(settings)))], now);
            return (bool)(await command.ExecuteScalarAsync())!;
        });

    /// <summary>Sets a campaign of Smartlead's up for the first lead that is pushed to it, with nothing set of its own.</summary>
    /// <returns>Whether it is new: not, where there is one, or nothing is to be pushed, or somebody removed it.</returns>
    internal Task<bool> AddSmartleadAsync(long organizationId, string campaignId) => StorageFaults.GuardAsync(async () =>
    {
        var (now, settings) = (time.GetUtcNow(), new CampaignSettings.Smartlead(new SmartleadSettings()));
        var json = SettingsJson.Write(settings);
        await using var command = database.CreateCommand(AddSql);
        command.Bind(organizationId, campaignId, settings.Kind);
        command.Parameters.Add(new NpgsqlParameter { Value = json, NpgsqlDbType = NpgsqlDbType.Json });
        command.Bind(now.UtcDateTime);
        var entry = new AuditEntry(organizationId, "grid", "campaign_created", "campaign", campaignId, null, SettingsJson.Audited(settings), "the first lead came");
        AuditStore.Bind(command, [(0, entry)], now);
        return (bool)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>Removes a campaign and the secrets that were made for it; its pushes wait until there is one of that id again.</summary>
    /// <returns>Whether there was one.</returns>
    internal Task<bool> DeleteAsync(long organizationId, string campaignId, string[] secrets, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(s_deleteSql);
        command.Bind(organizationId, campaignId, now.UtcDateTime, secrets);
        var entries = secrets.Select(name => (0L, new AuditEntry(organizationId, actor, "secret_deleted", "secret", name)));
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "campaign_deleted", "campaign", campaignId)), .. entries], now);
        return (bool)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>Pauses or resumes; resuming also lifts a stop.</summary>
    internal Task SetStateAsync(long organizationId, string campaignId, bool active, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(s_stateSql);
        command.Bind(organizationId, campaignId, active ? "active" : "paused", now.UtcDateTime);
        var action = active ? "campaign_resumed" : "campaign_paused";
        var after = active ? """{"state":"active"}"""u8.ToArray() : """{"state":"paused"}"""u8.ToArray();
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, action, "campaign", campaignId, After: after))], now);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>How an organization uses Smartlead, as set.</summary>
    internal async Task<SmartleadSettings> GetSmartleadAsync(long organizationId) => SettingsJson.ReadSmartlead(
        (await StorageFaults.GuardAsync(() => database.ReadAllAsync(SmartleadSql, static row => row.GetString(0), organizationId))).FirstOrDefault());

    /// <summary>Sets all of it.</summary>
    internal Task SetSmartleadAsync(long organizationId, SmartleadSettings before, SmartleadSettings settings, Actor actor)
        => StorageFaults.GuardAsync(async () =>
        {
            var (now, json) = (time.GetUtcNow(), SettingsJson.Write(settings));
            await using var command = database.CreateCommand(s_putSmartleadSql);
            command.Bind(organizationId);
            command.Parameters.Add(new NpgsqlParameter { Value = json, NpgsqlDbType = NpgsqlDbType.Json });
            command.Bind(now.UtcDateTime);
            var entry = new AuditEntry(organizationId, actor, "smartlead_settings_changed", "organization", "smartlead", SettingsJson.Write(before), json);
            AuditStore.Bind(command, [(0, entry)], now);
            return await command.ExecuteNonQueryAsync();
        });

    internal static CampaignState StateOf(string word) => word switch
    {
        "active" => CampaignState.Active,
        "paused" => CampaignState.Paused,
        _ => CampaignState.Stopped,
    };

    private static Campaign Read(NpgsqlDataReader row) => new(
        row.GetString(0),
        SettingsJson.Read(row.GetString(1), row.GetString(2)),
        StateOf(row.GetString(3)),
        row.Text(4),
        new PushCounts(row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10)),
        new DateTimeOffset(row.GetDateTime(5), TimeSpan.Zero),
        new DateTimeOffset(row.GetDateTime(6), TimeSpan.Zero));
}

/// <summary>A campaign as its activation holds it.</summary>
internal sealed record ClaimedCampaign(
    long OrganizationId, long Epoch, CampaignSettings Settings, CampaignState State, string? StoppedFor, SmartleadSettings Smartlead);
