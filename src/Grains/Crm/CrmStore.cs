using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Crm;

/// <summary>Leads as people work on them, in PostgreSQL.</summary>
internal sealed class CrmStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists, TimeProvider time)
{
    private const string Lead =
        """
        l.id, array[l.click_id, l.country, l.creo, l.description, l.domain, l.email, l.first_name, l.ip, l.lang, l.last_name, l.marker,
            l.offer, l.phone, l.sourcetype], l.extra, l.status, l.assigned_to, l.notes, l.version, l.created_at, l.updated_at
        """;

    private const string OfTenant = "l.organization_id = (select id from organizations where app_id = $1 and org_id = $2)";

    private const string ListStart =
        $"""
        select {Lead} from leads l
        where {OfTenant} and l.id < $3 and l.id >= $4 and l.id < $5
            and ($7::text is null or l.country = $7)
            and ($8::text is null or l.offer = $8)
            and ($9::text is null or l.sourcetype = $9)
            and ($10::text is null or concat_ws(' ', l.first_name, l.last_name, l.email, l.phone, l.description) ilike $10)
        """;

    private const string ListEnd = "order by l.id desc limit $6";

    // A statement for each of the indexes: one for all would be planned for none of them.
    private const string AnySql = $"{ListStart} and ($11::text is null or l.status = $11) and ($12::text is null or l.assigned_to = $12) {ListEnd}";

    private const string ByStatusSql = $"{ListStart} and l.status <> 'new' and l.status = $11 and ($12::text is null or l.assigned_to = $12) {ListEnd}";

    private const string ByAssigneeSql = $"{ListStart} and ($11::text is null or l.status = $11) and l.assigned_to = $12 {ListEnd}";

    private const string FindSql = $"select {Lead} from leads l where {OfTenant} and l.id = $3";

    private const string LockSql = $"{FindSql} for update of l";

    private const string HistorySql =
        """
        select l.version, l.changed_at, l.changed_by, l.field, l.before, l.after
        from lead_history l
        where l.organization_id = (select id from organizations where app_id = $1 and org_id = $2) and l.lead_id = $3
        order by l.version, l.field
        """;

    private const string ChangeSql =
        $"""
        with changed as (
            update leads l set status = $4, assigned_to = $5, notes = $6, version = $7, updated_at = $8
            where {OfTenant} and l.id = $3
            returning l.organization_id, l.id
        )
        insert into lead_history (organization_id, lead_id, version, changed_at, changed_by, field, before, after)
        select c.organization_id, c.id, $7, $8, $9, f.field, f.before, f.after
        from changed c cross join unnest($10::text[], $11::text[], $12::text[]) as f (field, before, after)
        """;

    /// <summary>A page of a tenant's leads, newest first; of large ones fewer than it may have.</summary>
    internal Task<CrmPage> ListAsync(Tenant tenant, CrmQuery query) => StorageFaults.GuardAsync(async () =>
    {
        var (leads, hasMore) = await lists.ReadPageAsync(
            query.Assignee is not null ? ByAssigneeSql
            : query.Status is not null and not CrmChange.InitialStatus ? ByStatusSql
            : AnySql,
            Read,
            SizeOf,
            query.Limit,
            (last, count) =>
            [
                tenant.App,
                tenant.Org,
                last?.Id ?? query.Before ?? Guid.AllBitsSet,
                TimeIds.FloorOf(query.From ?? DateTimeOffset.UnixEpoch),
                query.To is { } to ? TimeIds.FloorOf(to) : Guid.AllBitsSet,
                count,
                query.Country,
                query.Offer,
                query.Source,
                query.Text is { } text ? $"%{EscapePattern(text)}%" : null,
                query.Status,
                query.Assignee,
            ]);
        return new CrmPage([.. leads], hasMore);
    });

    /// <summary>A lead and its history; null where the tenant has none of this id.</summary>
    internal Task<CrmHistory?> FindAsync(Tenant tenant, Guid id) => StorageFaults.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync();
        return await FindAsync(connection, tenant, id, FindSql) is { } lead
            ? new CrmHistory(lead, await ReadHistoryAsync(connection, tenant, id))
            : null;
    });

    /// <summary>Changes a lead under its lock.</summary>
    internal Task<CrmOutcome> ChangeAsync(Tenant tenant, CrmChange change) => StorageFaults.GuardAsync<CrmOutcome>(async () =>
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (await FindAsync(connection, tenant, change.Id, LockSql) is not { } lead)
        {
            return CrmOutcome.NotFound.Value;
        }

        if (change.Version is { } version && version != lead.Version)
        {
            return new CrmOutcome.OtherVersion(lead.Version);
        }

        var changed = CrmChanges.Apply(lead, change, time.GetUtcNow());
        if (CrmChanges.Between(lead, changed) is { Count: > 0 } differences)
        {
            await WriteAsync(connection, tenant, changed, change.By, differences);
        }

        var history = await ReadHistoryAsync(connection, tenant, change.Id);
        await transaction.CommitAsync();
        return new CrmOutcome.Changed(new CrmHistory(changed, history));
    });

    private static async Task WriteAsync(
        NpgsqlConnection connection, Tenant tenant, CrmLead changed, string by, List<(string Field, string? Before, string? After)> differences)
    {
        await using var command = new NpgsqlCommand(ChangeSql, connection);
        command.Bind(tenant.App, tenant.Org, changed.Id, changed.Status);
        command.Parameters.Add(TextOf(changed.AssignedTo));
        command.Parameters.Add(TextOf(changed.Notes));
        command.Bind(changed.Version, changed.UpdatedAt.UtcDateTime, by);
        command.Bind((object)differences.ConvertAll(static d => d.Field).ToArray());
        command.Bind((object)differences.ConvertAll(static d => d.Before).ToArray());
        command.Bind((object)differences.ConvertAll(static d => d.After).ToArray());
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<CrmLead?> FindAsync(NpgsqlConnection connection, Tenant tenant, Guid id, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Bind(tenant.App, tenant.Org, id);
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync() ? Read(row) : null;
    }

    private static async Task<ImmutableArray<CrmEvent>> ReadHistoryAsync(NpgsqlConnection connection, Tenant tenant, Guid id)
    {
        await using var command = new NpgsqlCommand(HistorySql, connection);
        command.Bind(tenant.App, tenant.Org, id);
        await using var row = await command.ExecuteReaderAsync();
        var events = ImmutableArray.CreateBuilder<CrmEvent>();
        while (await row.ReadAsync())
        {
            events.Add(new CrmEvent(
                row.GetInt32(0), Time(row, 1), row.GetString(2), row.GetString(3), row.Text(4), row.Text(5)));
        }

        return events.ToImmutable();
    }

    private static string EscapePattern(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private static NpgsqlParameter TextOf(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static DateTimeOffset Time(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);

    private static long SizeOf(CrmLead lead) => lead.Fields.Sum(static f => (long)(f?.Length ?? 0)) + (lead.Extra?.Length ?? 0) + (lead.Notes?.Length ?? 0);

    private static CrmLead Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        [.. row.GetFieldValue<string?[]>(1)],
        row.IsDBNull(2) ? null : row.GetFieldValue<byte[]>(2),
        row.GetString(3),
        row.Text(4),
        row.Text(5),
        row.GetInt32(6),
        Time(row, 7),
        Time(row, 8));
}
