using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>The lists of unfinished raw rows, and the raw rows themselves for who finishes them.</summary>
internal sealed class OpenStore(NpgsqlDataSource database)
{
    internal const string RowColumns =
        """
        r.organization_id, r.id, r.received_at, r.body, r.content_type, r.content_encoding, r.headers, r.remote_address, r.request_id,
        r.idempotency_key
        """;

    // By the database's clock, which all hosts share.
    private const string ClaimSql =
        """
        update raw_open set claimed_until = now() + $2
        where id = (
            select id from raw_open where opened_at <= now() - $1 and claimed_until <= now() order by id limit 1 for update skip locked
        )
        returning id, organization_ids, raw_ids, attempts
        """;

    private const string ReadSql =
        $"""
        select {RowColumns}
        from unnest($1::bigint[], $2::uuid[]) as u (organization_id, id)
        join leads_raw r on r.organization_id = u.organization_id and r.received_at = uuid_v7_time(u.id) and r.id = u.id
        """;

    private const string NarrowSql =
        "update raw_open set organization_ids = $2, raw_ids = $3, attempts = $4, claimed_until = now() + $5 where id = $1";

    private const string PostponeSql = "update raw_open set attempts = attempts + 1, claimed_until = now() + $2 where id = $1";

    private const string FirstsSql =
        """
        select
            u.n, exists (select from leads l where l.organization_id = u.organization_id and l.id = u.id), r.id is not null, r.content_type,
            r.content_encoding
        from unnest($1::bigint[], $2::uuid[]) with ordinality as u (organization_id, id, n)
        left join leads_raw r on r.organization_id = u.organization_id and r.received_at = uuid_v7_time(u.id) and r.id = u.id
        """;

    private const string HasLeadSql = "select exists (select from leads where organization_id = $1 and id = $2)";

    /// <summary>Claims the oldest list that nobody works on; null where there is none.</summary>
    /// <param name="olderThan">Younger ones are still in the hands of who wrote them.</param>
    /// <param name="claimFor">How long it is kept from others.</param>
    internal Task<OpenList?> ClaimAsync(TimeSpan olderThan, TimeSpan claimFor) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(ClaimSql);
        command.Bind(olderThan, claimFor);
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync()
            ? new OpenList(row.GetGuid(0), row.GetFieldValue<long[]>(1), row.GetFieldValue<Guid[]>(2), row.GetInt32(3))
            : null;
    });

    /// <summary>Rows of the raw log, as far as they are still there.</summary>
    internal Task<List<RawRow>> ReadAsync(long[] organizations, Guid[] ids)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(ReadSql, ReadRow, organizations, ids));

    /// <summary>Leaves only these rows on a list.</summary>
    internal Task NarrowAsync(Guid openId, IReadOnlyList<RawRow> rows, int attempts, TimeSpan pause) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(NarrowSql);
        command.Bind(openId, rows.Select(r => r.OrganizationId).ToArray(), rows.Select(r => r.Id).ToArray(), attempts, pause);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Counts an attempt at a list, and leaves it alone for a while.</summary>
    internal Task PostponeAsync(Guid openId, TimeSpan pause) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(PostponeSql);
        command.Bind(openId, pause);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>What is known of the first posts under keys, in the order of their ids.</summary>
    internal async Task<FirstPost[]> FindFirstsAsync(long[] organizations, Guid[] ids)
    {
        var firsts = new FirstPost[ids.Length];
        await using var command = database.CreateCommand(FirstsSql);
        command.Bind(organizations, ids);
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            firsts[row.GetInt64(0) - 1] = new FirstPost(row.GetBoolean(1), row.GetBoolean(2), Text(row, 3), Text(row, 4));
        }

        return firsts;
    }

    /// <summary>Whether there is a lead.</summary>
    internal async Task<bool> HasLeadAsync(long organizationId, Guid id)
    {
        await using var command = database.CreateCommand(HasLeadSql);
        command.Bind(organizationId, id);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    internal static RawRow ReadRow(NpgsqlDataReader row) => ReadRow(row, 0);

    /// <summary>Reads <see cref="RowColumns"/> that begin at a column.</summary>
    internal static RawRow ReadRow(NpgsqlDataReader row, int at) => new(
        row.GetInt64(at),
        row.GetGuid(at + 1),
        row.GetDateTime(at + 2),
        new RawPost(
            row.GetFieldValue<byte[]>(at + 3),
            Text(row, at + 4),
            Text(row, at + 5),
            row.GetFieldValue<byte[]>(at + 6),
            Text(row, at + 7),
            row.GetString(at + 8),
            Text(row, at + 9)));

    internal static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>Raw rows that are not known to be finished.</summary>
/// <param name="Id">Of the list.</param>
/// <param name="Organizations">Of the rows.</param>
/// <param name="RawIds">Of the rows.</param>
/// <param name="Attempts">How often making leads of them failed.</param>
internal sealed record OpenList(Guid Id, long[] Organizations, Guid[] RawIds, int Attempts);

/// <summary>What is known of the first post under a key.</summary>
/// <param name="IsLead">Whether its lead is there.</param>
/// <param name="IsKept">Whether it is still in the raw log.</param>
/// <param name="ContentType">As given.</param>
/// <param name="ContentEncoding">As given.</param>
internal readonly record struct FirstPost(bool IsLead, bool IsKept, string? ContentType, string? ContentEncoding)
{
    /// <summary>Whether the same bytes in another post mean the same.</summary>
    internal bool ReadsLike(RawPost post) => IsKept && ContentType == post.ContentType && ContentEncoding == post.ContentEncoding;
}
