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

    private const string FindSql =
        """
        select l.id, l.email_key, l.engagement from routed_leads l
        where l.organization_id = $1 and l.id in (
            select p.lead_id from campaign_pushes p where p.organization_id = $1 and p.target_lead_id = $2)
        union
        select l.id, l.email_key, l.engagement from routed_leads l
        where l.organization_id = $1 and l.email_key = $3 and l.status = 'ACTIVE'
        """;

    private const string ForgetSql =
        """
        delete from feedback_deliveries where ctid = any (array (
            select ctid from feedback_deliveries where received_at < $1 order by received_at limit 10000))
        """;

    // A reply does not make good a bounce: what weighs more stays.
    private static readonly string s_recordSql =
        $"""
        with delivery as (
            insert into feedback_deliveries (organization_id, request_id, received_at) values ($1, $2, $3) on conflict do nothing
            returning 1
        ), leads as (
            update routed_leads set engagement = $4, updated_at = $3
            where id = any($5) and exists (select from delivery)
                and coalesce(array_position(array['replied', 'bounced', 'unsubscribed', 'complained'], engagement), 0)
                    < array_position(array['replied', 'bounced', 'unsubscribed', 'complained'], $4)
            returning id
        ), suppressed as (
            insert into suppressions (organization_id, email_hash, reason, source, at)
            select $1, $6::bytea, $4, 'smartlead', $3 from delivery where $6::bytea is not null
            on conflict do nothing
        ), noted as (
            {AuditStore.Append(firstParameter: 7)}
            join leads on leads.id::text = entry.entity_id
        )
        select exists (select from delivery)
        """;

    /// <summary>The leads that an event is about.</summary>
    internal Task<List<FeedbackLead>> FindAsync(long organizationId, FeedbackEvent heard) => StorageFaults.GuardAsync(() => database.ReadAllAsync(
        FindSql,
        static row => new FeedbackLead(row.GetGuid(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)),
        organizationId,
        heard.TargetLeadId,
        heard.EmailKey));

    /// <summary>Records an event: leads, suppression list and audit log together, once.</summary>
    /// <returns>False where it had come before.</returns>
    internal Task<bool> RecordAsync(long organizationId, string requestId, string engagement, IReadOnlyList<FeedbackLead> leads, byte[]? emailHash)
        => StorageFaults.GuardAsync(async () =>
        {
            var now = time.GetUtcNow();
            await using var command = database.CreateCommand(s_recordSql);
            command.Bind(organizationId, requestId, now.UtcDateTime, engagement, leads.Select(lead => lead.Id).ToArray());
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)emailHash ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea });
            var entries = leads.Select(lead => (0L, new AuditEntry(
                organizationId, "smartlead", $"lead_{engagement}", "lead", $"{lead.Id}", Json(lead.Engagement), Json(engagement))));
            AuditStore.Bind(command, [.. entries], now);
            return (bool)(await command.ExecuteScalarAsync())!;
        });

    /// <summary>Forgets deliveries that nobody repeats any more.</summary>
    internal Task ForgetAsync() => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(ForgetSql);
        command.Bind((time.GetUtcNow() - s_kept).UtcDateTime);
        return await command.ExecuteNonQueryAsync();
    });

    private static byte[]? Json(string? engagement) => engagement is null ? null : Encoding.UTF8.GetBytes($$"""{"engagement":"{{engagement}}"}""");
}

/// <summary>A lead that an event may be about.</summary>
internal sealed record FeedbackLead(Guid Id, string EmailKey, string? Engagement);
