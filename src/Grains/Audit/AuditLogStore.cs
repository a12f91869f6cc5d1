using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Audit;

/// <summary>Reads the audit log, newest first.</summary>
internal sealed class AuditLogStore([FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource database)
{
    // By time, too, entries are found by their ids, which rise with it: but for what clocks may differ or be set back by, a day here.
    internal const string ListSql =
        """
        select a.id, a.at, a.actor, a.action, a.entity, a.entity_id, a.before::text, a.after::text, a.reason
        from audit_log a
        where a.organization_id = (select id from organizations where app_id = $1 and org_id = $2)
            and a.id < $3 and ($4::text is null or a.action = $4) and ($5::text is null or a.entity = $5)
            and ($6::text is null or a.entity_id = $6) and ($7::text is null or a.actor = $7)
            and a.at >= $8 and a.at < $9
            and a.id >= case when $8 = '-infinity' then 0 else audit_log_from($8 - interval '1 day') end
            and a.id < case when $9 = 'infinity' then $3 else audit_log_from($9 + interval '1 day') end
        order by a.id desc limit $10
        """;

    /// <summary>A page, newest first; of large entries fewer than it may have.</summary>
    internal Task<AuditPage> ListAsync(Tenant tenant, AuditQuery query) => StorageFaults.GuardAsync(async () =>
    {
        var (found, hasMore) = await database.ReadPageAsync(
            ListSql,
            Read,
            static entry => (entry.Before?.Length ?? 0) + (entry.After?.Length ?? 0) + (entry.Reason?.Length ?? 0),
            query.Limit,
            (last, count) =>
            [
                tenant.App,
                tenant.Org,
                last?.Id ?? query.Before ?? long.MaxValue,
                query.Action,
                query.Entity,
                query.EntityId,
                query.Actor,
                query.From?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc),
                query.To?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc),
                count,
            ]);
        return new AuditPage([.. found], hasMore);
    });

    private static AuditRecord Read(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.GetString(5),
        Json(row, 6),
        Json(row, 7),
        row.IsDBNull(8) ? null : row.GetString(8));

    private static byte[]? Json(NpgsqlDataReader row, int column)
        => row.IsDBNull(column) ? null : System.Text.Encoding.UTF8.GetBytes(row.GetString(column));
}
