using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Pushes that are made to go again.</summary>
internal sealed partial class PushStore
{
    // From campaign to campaign by the index, however many pushes each has. One that is not set up is woken where it can be one
    // of Smartlead's by its id, nobody removed it, and there is a key: it sets itself up then.
    private const string DueSql =
        """
        with recursive c as (
            (select organization_id, campaign_id from campaign_pushes where state in ('waiting', 'sending')
             order by organization_id, campaign_id limit 1)
            union all
            select n.organization_id, n.campaign_id from c cross join lateral (
                select p.organization_id, p.campaign_id from campaign_pushes p
                where p.state in ('waiting', 'sending') and (p.organization_id, p.campaign_id) > (c.organization_id, c.campaign_id)
                order by p.organization_id, p.campaign_id limit 1
            ) n
        )
        select o.app_id, o.org_id, c.campaign_id
        from c
        left join campaigns k on k.organization_id = c.organization_id and k.campaign_id = c.campaign_id
        join organizations o on o.id = c.organization_id
        where (k.state = 'active' or (
                k.state is null and c.campaign_id ~ '^[0-9]{1,18}$'
                and not exists (select from removed_campaigns r where r.organization_id = c.organization_id and r.campaign_id = c.campaign_id)
                and ($2 or exists (
                    select from organization_secrets s
                    where s.organization_id = c.organization_id and s.name in ($3, $3 || '-' || c.campaign_id)))))
            and exists (
            select from campaign_pushes p
            where p.organization_id = c.organization_id and p.campaign_id = c.campaign_id and p.state in ('waiting', 'sending') and p.due_at <= $1)
        """;

    // The campaign is locked before its pushes, as by all who lock both, or a batch under way and a retry could wait for each other.
    // All of them are done by steps in the order of their ids, and each step's entry in the audit log says how far it went.
    // Dead and held ones each have an index of their own.
    internal static readonly string RetrySql =
        $"""
        with owner as materialized (
            select from campaigns where organization_id = $1 and campaign_id = $2 for no key update
        ), dead as (
            select lead_id, state from campaign_pushes
            where (select count(*) from owner) >= 0
                and organization_id = $1 and campaign_id = $2 and state = 'dead' and ($5::uuid[] is null or lead_id = any($5))
                and ($7::uuid is null or lead_id > $7)
            order by lead_id limit $4
            for update
        ), held as (
            select lead_id, state from campaign_pushes
            where (select count(*) from owner) >= 0
                and organization_id = $1 and campaign_id = $2 and state = 'waiting' and ($5::uuid[] is null or lead_id = any($5))
                and (due_at > $3 or attempts > 0) and ($7::uuid is null or lead_id > $7)
            order by lead_id limit $4
            for update
        ), found as (
            select lead_id, state from (select lead_id, state from dead union all select lead_id, state from held) either order by lead_id limit $4
        ), due as (
            update campaign_pushes p set state = 'waiting', due_at = $3, attempts = 0
            from found where p.lead_id = found.lead_id
        ), leads as (
            update routed_leads l set status = 'HELD', updated_at = $3
            from found where l.id = found.lead_id and found.state = 'dead' and l.status = 'DEAD'
        ), counts as (
            update campaigns set dead_count = greatest(0, dead_count - (select count(*) from found where state = 'dead'))
            where organization_id = $1 and campaign_id = $2
        ), noted as (
            {AuditStore.Append(firstParameter: 9, "(select json_build_object('status', case f.state when 'dead' then 'DEAD' else 'HELD' end) from found f where f.lead_id::text = entry.entity_id)")}
            where exists (select from found f where entry.entity_id = f.lead_id::text)
        ), told as (
            insert into audit_log (organization_id, at, actor, action, entity, entity_id, after, reason)
            select $1, $3, $6, 'push_retried', 'campaign', $2, json_build_object(
                'retried', count(*), 'held', count(*) filter (where state = 'waiting'), 'dead', count(*) filter (where state = 'dead'),
                'firstLeadId', min(lead_id::text collate "C"), 'lastLeadId', max(lead_id::text collate "C")), 'all held and dead pushes' || coalesce(' (' || $8::text || ')', '')
            from found where $5::uuid[] is null having count(*) > 0
        )
        select count(*), max(lead_id::text collate "C") from found
        """;

    /// <summary>Makes held and dead pushes due now, with all their attempts before them.</summary>
    /// <param name="organizationId">Whose.</param>
    /// <param name="campaignId">To which campaign.</param>
    /// <param name="leadIds">Of these leads; null for all.</param>
    /// <param name="actor">Who says so.</param>
    /// <returns>How many there were.</returns>
    internal async Task<long> RetryAsync(long organizationId, string campaignId, IReadOnlyList<Guid>? leadIds, Actor actor)
    {
        var (now, all, after) = (time.GetUtcNow(), 0L, (Guid?)null);
        while (true)
        {
            var (some, last) = await RetryAsync(organizationId, campaignId, leadIds, actor, now, after);
            all += some;
            if (some < options.Value.RetryStep)
            {
                return all;
            }

            after = last;
        }
    }

    private Task<(long Count, Guid? Last)> RetryAsync(
        long organizationId, string campaignId, IReadOnlyList<Guid>? leadIds, Actor actor, DateTimeOffset now, Guid? after)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(RetrySql);
            command.Bind(organizationId, campaignId, now.UtcDateTime, options.Value.RetryStep);
            command.Parameters.Add(new Npgsql.NpgsqlParameter
            {
                Value = (object?)leadIds?.ToArray() ?? DBNull.Value,
                NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Uuid,
            });
            command.Bind(actor.Name);
            command.Parameters.Add(new Npgsql.NpgsqlParameter { Value = (object?)after ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
            command.Bind(actor.Why);
            var entries = leadIds?.Select(id => (0L, new AuditEntry(organizationId, actor, "push_retried", "lead", $"{id}", After: AuditedStatus.Held))) ?? [];
            AuditStore.Bind(command, [.. entries], now);
            await using var row = await command.ExecuteReaderAsync();
            await row.ReadAsync();
            return (row.GetInt64(0), row.IsDBNull(1) ? null : (Guid?)Guid.Parse(row.GetString(1)));
        });

    /// <summary>The campaigns that have something to push now, or had when their activation ended.</summary>
    internal Task<List<CampaignKey>> ReadDueAsync() => StorageFaults.GuardAsync(() => database.ReadAllAsync(
        DueSql,
        static row => new CampaignKey(new Tenant(row.GetString(0), row.GetString(1)), row.GetString(2)),
        time.GetUtcNow().UtcDateTime,
        options.Value.SmartleadKey is not null,
        CampaignSecrets.SmartleadKey));
}
