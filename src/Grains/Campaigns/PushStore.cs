using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Campaigns;

/// <summary>The outbox of pushes in PostgreSQL. Routing inserts its rows; every later change is made here.</summary>
internal sealed partial class PushStore(NpgsqlDataSource database, IOptions<CampaignOptions> options, TimeProvider time)
{
    // Of leads that are taken at once, give or take one: all of them are held, and built into requests, together.
    internal const int TakenBytes = 8 * 1024 * 1024;

    // The intent is recorded, and the attempt counted, by the statement that reads what is to be sent. Sizes are looked at one by one:
    // to know a large lead's it must be unpacked, which those beyond the end are spared.
    internal const string TakeSql =
        """
        with recursive owner as (
            select c.kind, c.settings::text as settings, s.settings::text as smartlead
            from campaigns c left join smartlead_settings s on s.organization_id = c.organization_id
            where c.organization_id = $1 and c.campaign_id = $2 and c.epoch = $3 and c.state = 'active'
            for share of c
        ), due as (
            select p.lead_id, p.last_error, p.due_at from campaign_pushes p
            where p.organization_id = $1 and p.campaign_id = $2 and p.state = 'waiting' and p.due_at <= $4 and exists (select from owner)
            order by p.due_at, p.lead_id limit $5
            for update
        ), found as materialized (
            select array_agg(lead_id order by due_at, lead_id) as ids from due
        ), fitting (n, bytes) as (
            select 0, 0::bigint
            union all
            select f.n + 1, f.bytes + coalesce((select octet_length(l.data::text) from routed_leads l where l.id = found.ids[f.n + 1]), 0)
            from fitting f cross join found where f.n < cardinality(found.ids) and f.bytes < $6
        ), sending as (
            update campaign_pushes p set state = 'sending', intent_at = $4, attempts = p.attempts + 1
            from due where p.lead_id = due.lead_id and due.lead_id = any ((select ids[:(select max(n) from fitting)] from found)::uuid[])
            returning p.lead_id, p.attempts, due.last_error
        )
        select s.lead_id, s.attempts, l.email, l.data::text, l.persona, l.score, l.created_at, o.kind, o.settings, o.smartlead, s.last_error
        from sending s cross join owner o left join routed_leads l on l.id = s.lead_id
        order by s.lead_id
        """;

    private const string LookSql =
        """
        select c.epoch, c.state, c.stopped_for, (
            select min(p.due_at) from campaign_pushes p
            where p.organization_id = $1 and p.campaign_id = $2 and p.state = 'waiting')
        from campaigns c where c.organization_id = $1 and c.campaign_id = $2
        """;

    private const string FateSql =
        """
        select p.state, p.last_error, c.kind from campaign_pushes p
        left join campaigns c on c.organization_id = p.organization_id and c.campaign_id = p.campaign_id
        where p.lead_id = $1 and p.organization_id = $2
        """;

    private static readonly string s_recordSql =
        $"""
        with owner as (
            update campaigns set
                sent_count = sent_count + $5, dead_count = dead_count + $6,
                failing_since = case when $7 then null when not $8 then failing_since
                    when last_failed_at < $4 - $10::interval then $4 else coalesce(failing_since, $4) end,
                last_failed_at = case when $8 then $4 else last_failed_at end,
                state = case when $9::text is null then state else 'stopped' end,
                stopped_for = coalesce($9::text, stopped_for),
                updated_at = case when $9::text is null then updated_at else $4 end
            where organization_id = $1 and campaign_id = $2 and epoch = $3
            returning failing_since
        ), pushes as (
            update campaign_pushes p set
                state = r.state, due_at = coalesce(r.due_at, p.due_at), last_error = r.reason, attempts = p.attempts - r.back,
                sent_at = case when r.state = 'sent' then $4 end, target_lead_id = coalesce(r.target, p.target_lead_id)
            from unnest($11::uuid[], $12::text[], $13::timestamptz[], $14::text[], $15::integer[], $16::text[])
                as r (lead_id, state, due_at, reason, back, target)
            where p.lead_id = r.lead_id and p.state = 'sending' and exists (select from owner)
            returning p.lead_id, p.state
        ), leads as (
            update routed_leads l set status = case p.state when 'sent' then 'ACTIVE' else 'DEAD' end, updated_at = $4
            from pushes p where l.id = p.lead_id and p.state <> 'waiting' and l.status = 'HELD'
        ), noted as (
            {AuditStore.Append(firstParameter: 17)}
            where exists (select from owner)
        )
        select failing_since, exists (select from kept_feedback k where k.organization_id = $1) from owner
        """;

    /// <summary>Takes leads that are due, in their order and as many as fit into <see cref="TakenBytes"/>, and notes that they are being sent.</summary>
    /// <returns>With the settings as they are now; null where nothing is due, or this activation may not push.</returns>
    internal async Task<DuePushes?> TakeAsync(long organizationId, string campaignId, long epoch, int limit)
    {
        var leads = new List<OutboundLead>();
        var erased = new List<Guid>();
        CampaignSettings? settings = null;
        SmartleadSettings? smartlead = null;
        await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            TakeSql,
            row =>
            {
                settings ??= SettingsJson.Read(row.GetString(7), row.GetString(8));
                smartlead ??= SettingsJson.ReadSmartlead(row.Text(9));
                if (row.IsDBNull(2))
                {
                    erased.Add(row.GetGuid(0));
                }
                else
                {
                    leads.Add(ReadLead(row));
                }

                return true;
            },
            organizationId,
            campaignId,
            epoch,
            time.GetUtcNow().UtcDateTime,
            limit,
            (long)TakenBytes));
        return settings is null ? null : new DuePushes(settings, smartlead!, leads, erased);
    }

    /// <summary>How a campaign stands, and when it next has something to do; null where it is not set up.</summary>
    internal async Task<CampaignLook?> LookAsync(long organizationId, string campaignId) =>
        (await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            LookSql,
            static row => new CampaignLook(
                row.GetInt64(0),
                CampaignStore.StateOf(row.GetString(1)),
                row.Text(2),
                row.Time(3)),
            organizationId,
            campaignId))).FirstOrDefault();

    /// <summary>Records what became of leads that were sent: pushes, leads, audit log and counts together.</summary>
    /// <param name="claimed">By which activation.</param>
    /// <param name="campaignId">To which campaign.</param>
    /// <param name="batch">The outcomes.</param>
    /// <param name="apart">A failure so long after the last one begins a new time of failing.</param>
    /// <returns>Null where another activation has the campaign now: nothing is recorded.</returns>
    internal Task<RecordedBatch?> RecordAsync(ClaimedCampaign claimed, string campaignId, SettledBatch batch, TimeSpan apart)
        => StorageFaults.GuardAsync(async () =>
        {
            var now = time.GetUtcNow();
            var pushes = batch.Pushes;
            await using var command = database.CreateCommand(s_recordSql);
            command.Bind(
                claimed.OrganizationId,
                campaignId,
                claimed.Epoch,
                now.UtcDateTime,
                (long)pushes.Count(p => p.State == "sent"),
                (long)pushes.Count(p => p.State == "dead"),
                batch.Succeeded,
                batch.Failed);
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)batch.Stop ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            command.Bind(
                apart,
                pushes.Select(p => p.LeadId).ToArray(),
                pushes.Select(p => p.State).ToArray());
            command.Parameters.Add(new NpgsqlParameter
            {
                Value = pushes.Select(p => p.DueAt?.UtcDateTime).ToArray(),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
            });
            command.Bind(
                pushes.Select(p => p.Reason).ToArray(),
                pushes.Select(p => p.Back).ToArray(),
                pushes.Select(p => p.TargetLeadId).ToArray());
            AuditStore.Bind(command, [.. batch.Audit.Select(entry => (0L, entry))], now);
            await using var row = await command.ExecuteReaderAsync();
            return await row.ReadAsync()
                ? new RecordedBatch(row.Time(0), row.GetBoolean(1))
                : null;
        });

    /// <summary>What became of one lead's push so far.</summary>
    internal async Task<PushFate> FateAsync(long organizationId, Guid leadId) =>
        (await StorageFaults.GuardAsync(() => database.ReadAllAsync<PushFate>(
            FateSql,
            static row => (row.GetString(0), row.Text(1)) switch
            {
                ("sent", _) => new PushFate.Pushed(row.Text(2)),
                (_, { } error) => new PushFate.Failed(error),
                _ => PushFate.Pending.Value,
            },
            leadId,
            organizationId))).FirstOrDefault(PushFate.Pending.Value);

    private static OutboundLead ReadLead(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(2),
        System.Text.Encoding.UTF8.GetBytes(row.GetString(3)),
        row.GetInt32(1),
        row.Text(4),
        row.IsDBNull(5) ? null : row.GetDouble(5),
        new DateTimeOffset(row.GetDateTime(6), TimeSpan.Zero),
        row.Text(10));
}

/// <summary>A batch that was recorded.</summary>
/// <param name="FailingSince">Since when nothing of the campaign went through, if so.</param>
/// <param name="HasFeedback">Whether the organization has events that wait for their lead's record.</param>
internal sealed record RecordedBatch(DateTimeOffset? FailingSince, bool HasFeedback);

/// <summary>Leads that are being sent now.</summary>
/// <param name="Settings">The campaign's, as they are now.</param>
/// <param name="Smartlead">The organization's, as they are now.</param>
/// <param name="Leads">In their order.</param>
/// <param name="Erased">Pushes whose lead is gone.</param>
internal sealed record DuePushes(CampaignSettings Settings, SmartleadSettings Smartlead, IReadOnlyList<OutboundLead> Leads, IReadOnlyList<Guid> Erased);

/// <summary>How a campaign stands.</summary>
internal sealed record CampaignLook(long Epoch, CampaignState State, string? StoppedFor, DateTimeOffset? NextDue);
