using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Pushes that are made to go again.</summary>
internal sealed partial class PushStore
{
    // Rows of one statement: short enough for those that wait behind it.
    private const int RetryStep = 10_000;

    // From campaign to campaign by the index, however many pushes each has.
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
        join campaigns k on k.organization_id = c.organization_id and k.campaign_id = c.campaign_id and k.state = 'active'
        join organizations o on o.id = c.organization_id
        where exists (
            select from campaign_pushes p
            where p.organization_id = c.organization_id and p.campaign_id = c.campaign_id and p.state in ('waiting', 'sending') and p.due_at <= $1)
        """;

    private static readonly string s_retrySql =
        $"""
        with found as (
            select lead_id, state from campaign_pushes
            where organization_id = $1 and campaign_id = $2 and state in ('waiting', 'dead') and ($5::uuid[] is null or lead_id = any($5))
                and (state = 'dead' or due_at > $3 or attempts > 0)
            limit $4
            for update
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
            {AuditStore.Append(firstParameter: 6)}
            where exists (select from found f where entry.entity = 'campaign' or entry.entity_id = f.lead_id::text)
        )
        select count(*) from found
        """;

    /// <summary>Makes held and dead pushes due now, with all their attempts before them.</summary>
    /// <param name="organizationId">Whose.</param>
    /// <param name="campaignId">To which campaign.</param>
    /// <param name="leadIds">Of these leads; null for all.</param>
    /// <param name="actor">Who says so.</param>
    /// <returns>How many there were.</returns>
    internal async Task<long> RetryAsync(long organizationId, string campaignId, IReadOnlyList<Guid>? leadIds, Actor actor)
    {
        var (now, all) = (time.GetUtcNow(), 0L);
        while (true)
        {
            var some = await RetryAsync(organizationId, campaignId, leadIds, actor, now);
            all += some;
            if (some < RetryStep)
            {
                return all;
            }
        }
    }

    private Task<long> RetryAsync(long organizationId, string campaignId, IReadOnlyList<Guid>? leadIds, Actor actor, DateTimeOffset now)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(s_retrySql);
            command.Bind(organizationId, campaignId, now.UtcDateTime, RetryStep);
            command.Parameters.Add(new Npgsql.NpgsqlParameter
            {
                Value = (object?)leadIds?.ToArray() ?? DBNull.Value,
                NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Uuid,
            });
            var entries = leadIds is null
                ? [(0L, new AuditEntry(organizationId, actor, "push_retried", "campaign", campaignId, Reason: "all"))]
                : leadIds.Select(id => (0L, new AuditEntry(organizationId, actor, "push_retried", "lead", $"{id}"))).ToArray();
            AuditStore.Bind(command, entries, now);
            return (long)(await command.ExecuteScalarAsync())!;
        });

    /// <summary>The campaigns that have something to push now, or had when their activation ended.</summary>
    internal Task<List<CampaignKey>> ReadDueAsync() => StorageFaults.GuardAsync(() => database.ReadAllAsync(
        DueSql,
        static row => new CampaignKey(new Tenant(row.GetString(0), row.GetString(1)), row.GetString(2)),
        time.GetUtcNow().UtcDateTime));
}
