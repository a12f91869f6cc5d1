using System.Text;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What campaigns report back, in PostgreSQL.</summary>
internal sealed class FeedbackStore(NpgsqlDataSource database, TimeProvider time)
{
    // The vendor repeats for hours at most.
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(7);

    // A lead that is HELD can be in the campaign already: its record may be lost, or still to come. The vendor's id of a person
    // may be the same in several campaigns.
    private const string FindSql =
        """
        with named as (
            select p.lead_id from campaign_pushes p
            where p.organization_id = $1 and p.target_lead_id = $2 and ($4::text is null or p.campaign_id = $4)
        )
        select l.id, l.email_key, l.engagement from routed_leads l
        where l.organization_id = $1 and l.id in (select lead_id from named)
        union
        select l.id, l.email_key, l.engagement from routed_leads l
        where l.organization_id = $1 and l.email_key = $3
            and case when $4::text is null then not exists (select from named) else l.campaign_id = $4 end
            and (l.status = 'ACTIVE' or exists (
                select from campaign_pushes p where p.lead_id = l.id and p.state <> 'sent' and p.intent_at is not null))
        """;

    private const string KeptSql =
        """
        select k.organization_id, k.request_id, k.engagement, l.id, l.email_key, l.engagement
        from (
            select k.* from kept_feedback k
            where ($1::bigint is null or k.organization_id = $1) and exists (
                select from campaign_pushes p
                where p.organization_id = k.organization_id and p.target_lead_id = k.target_lead_id
                    and (k.campaign_id is null or p.campaign_id = k.campaign_id))
            order by k.received_at limit 1000
        ) k
        join campaign_pushes p on p.organization_id = k.organization_id and p.target_lead_id = k.target_lead_id
            and (k.campaign_id is null or p.campaign_id = k.campaign_id)
        join routed_leads l on l.id = p.lead_id
        order by k.received_at, k.request_id
        """;

    private const string ForgetSql =
        """
        delete from feedback_deliveries where ctid = any (array (
            select ctid from feedback_deliveries where received_at < $1 order by received_at limit 10000))
        """;

    private const string ForgetKeptSql =
        """
        delete from kept_feedback where ctid = any (array (
            select ctid from kept_feedback where received_at < $1 order by received_at limit 10000))
        """;

    // An event that names a lead by an id that nobody knows yet is kept for the record that brings the id.
    private static readonly string s_recordSql =
        $"""
        with delivery as (
            insert into feedback_deliveries (organization_id, request_id, received_at) values ($1, $2, $3) on conflict do nothing
            returning 1
        ), kept as (
            insert into kept_feedback (organization_id, request_id, campaign_id, target_lead_id, engagement, received_at)
            select $1, $2, $17, $18, $4, $3 from delivery where $18::text is not null
            on conflict do nothing
        ), {Consequences}
        """;

    private static readonly string s_applySql =
        $"""
        with delivery as (
            delete from kept_feedback where organization_id = $1 and request_id = $2
            returning 1
        ), {Consequences}
        """;

    // A reply does not make good a bounce: what weighs more stays.
    private static string Consequences =>
        $"""
        leads as (
            update routed_leads set engagement = $4, updated_at = $3
            where id = any($5) and exists (select from delivery)
                and coalesce(array_position(array['replied', 'bounced', 'unsubscribed', 'complained'], engagement), 0)
                    < array_position(array['replied', 'bounced', 'unsubscribed', 'complained'], $4)
            returning id
        ), suppressed as (
            insert into suppressions (organization_id, email_hash, reason, source, at)
            select $1, $6::bytea, $4, 'smartlead', $3 from delivery where $6::bytea is not null
            on conflict do nothing
            returning email_hash
        ), listed as (
            insert into audit_log (organization_id, at, actor, action, entity, entity_id, after)
            select $1, $3, 'smartlead', 'suppression_added', 'suppression', encode(email_hash, 'hex'), json_build_object('reason', $4::text) from suppressed
        ), noted as (
            {AuditStore.Append(firstParameter: 7)}
            join leads on leads.id::text = entry.entity_id
        )
        select exists (select from delivery)
        """;

    /// <summary>The leads that an event is about: of its campaign, where it names one.</summary>
    internal Task<List<FeedbackLead>> FindAsync(long organizationId, FeedbackEvent heard) => StorageFaults.GuardAsync(() => database.ReadAllAsync(
        FindSql,
        static row => new FeedbackLead(row.GetGuid(0), row.GetString(1), row.Text(2)),
        organizationId,
        heard.TargetLeadId,
        heard.EmailKey,
        heard.CampaignId));

    /// <summary>Records an event: leads, suppression list and audit log together, once.</summary>
    /// <returns>False where it had come before.</returns>
    internal Task<bool> RecordAsync(long organizationId, string requestId, FeedbackEvent heard, IReadOnlyList<FeedbackLead> leads, byte[]? emailHash)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(s_recordSql);
            Bind(command, new KeptFeedback(organizationId, requestId, heard.Engagement!, leads), emailHash);
            var waits = leads is [] && heard.EmailKey is null;
            foreach (var text in new[] { heard.CampaignId, waits ? heard.TargetLeadId : null })
            {
                command.Parameters.Add(new NpgsqlParameter { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            }

            return (bool)(await command.ExecuteScalarAsync())!;
        });

    /// <summary>Events that were kept and whose leads are known now, the oldest first.</summary>
    /// <param name="organizationId">Whose; null for all.</param>
    internal async Task<IReadOnlyList<KeptFeedback>> FindKeptAsync(long? organizationId)
    {
        var found = await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            KeptSql,
            static row => (
                Event: (row.GetInt64(0), row.GetString(1), row.GetString(2)),
                Lead: new FeedbackLead(row.GetGuid(3), row.GetString(4), row.Text(5))),
            organizationId));
        return [.. found.GroupBy(one => one.Event, one => one.Lead).Select(leads => new KeptFeedback(leads.Key.Item1, leads.Key.Item2, leads.Key.Item3, [.. leads]))];
    }

    /// <summary>Applies an event that was kept, once.</summary>
    internal Task ApplyAsync(KeptFeedback kept, byte[]? emailHash) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(s_applySql);
        Bind(command, kept, emailHash);
        return await command.ExecuteScalarAsync();
    });

    /// <summary>Forgets deliveries that nobody repeats any more, and events whose lead never came.</summary>
    internal Task ForgetAsync() => StorageFaults.GuardAsync(async () =>
    {
        var count = 0;
        foreach (var sql in new[] { ForgetSql, ForgetKeptSql })
        {
            await using var command = database.CreateCommand(sql);
            command.Bind((time.GetUtcNow() - s_kept).UtcDateTime);
            count += await command.ExecuteNonQueryAsync();
        }

        return count;
    });

    private void Bind(NpgsqlCommand command, KeptFeedback heard, byte[]? emailHash)
    {
        var now = time.GetUtcNow();
        command.Bind(heard.OrganizationId, heard.RequestId, now.UtcDateTime, heard.Engagement, heard.Leads.Select(lead => lead.Id).ToArray());
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)emailHash ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea });
        var entries = heard.Leads.Select(lead => (0L, new AuditEntry(
            heard.OrganizationId, "smartlead", $"lead_{heard.Engagement}", "lead", $"{lead.Id}", Json(lead.Engagement), Json(heard.Engagement))));
        AuditStore.Bind(command, [.. entries], now);
    }

    private static byte[]? Json(string? engagement) => engagement is null ? null : Encoding.UTF8.GetBytes($$"""{"engagement":"{{engagement}}"}""");
}

/// <summary>A lead that an event may be about.</summary>
internal sealed record FeedbackLead(Guid Id, string EmailKey, string? Engagement);

/// <summary>An event and the leads that it is about.</summary>
internal sealed record KeptFeedback(long OrganizationId, string RequestId, string Engagement, IReadOnlyList<FeedbackLead> Leads);
