using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>The lists of unfinished raw rows, and the raw rows themselves for whatever finishes them.</summary>
internal sealed class OpenStore(HotSessions hot)
{
    internal const string RowColumns =
        """
        r.organization_id, r.id, r.received_at, r.body, r.content_type, r.content_encoding, r.headers, r.remote_address, r.request_id,
        r.idempotency_key, r.query
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

    // The times are those of the ids; said once more, they leave the planner few partitions.
    private const string OfIds =
        """
        from unnest($1::bigint[], $2::uuid[]) as u (organization_id, id)
        join leads_raw r on r.organization_id = u.organization_id and r.received_at = uuid_v7_time(u.id) and r.id = u.id
        where r.received_at >= $3 and r.received_at <= $4
        """;

    private const string ReadSql = $"select {RowColumns} {OfIds}";

    private const string NarrowSql =
        "update raw_open set organization_ids = $2, raw_ids = $3, attempts = $4, claimed_until = now() + $5 where id = $1";

    private const string PostponeSql = "update raw_open set attempts = attempts + 1, claimed_until = now() + $2 where id = $1";

    private const string KindsSql = $"select r.organization_id, r.id, r.content_type, r.content_encoding {OfIds}";

    private const string HaveLeadsSql =
        """
        select l.organization_id, l.id
        from unnest($1::bigint[], $2::uuid[]) as u (organization_id, id)
        join leads l on l.organization_id = u.organization_id and l.id = u.id
        """;

    private const string HasLeadSql = "select exists (select from leads where organization_id = $1 and id = $2)";

    /// <summary>Claims the oldest list that nobody works on; null where there is none.</summary>
    /// <param name="olderThan">Younger ones are still in the hands of the process that wrote them.</param>
    /// <param name="claimFor">How long it is kept from others.</param>
    internal Task<OpenList?> ClaimAsync(TimeSpan olderThan, TimeSpan claimFor) => StorageFaults.GuardAsync(async () =>
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(ClaimSql);
        command.Bind(olderThan, claimFor);
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync()
            ? new OpenList(row.GetGuid(0), row.GetFieldValue<long[]>(1), row.GetFieldValue<Guid[]>(2), row.GetInt32(3))
            : null;
    });

    /// <summary>Rows of the raw log, as far as they are still there.</summary>
    internal Task<List<RawRow>> ReadAsync(long[] organizations, Guid[] ids) => StorageFaults.GuardAsync(async () =>
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(ReadSql);
        BindIds(command, organizations, ids);
        await using var row = await command.ExecuteReaderAsync();
        var rows = new List<RawRow>(ids.Length);
        while (await row.ReadAsync())
        {
            rows.Add(ReadRow(row, 0));
        }

        return rows;
    });

    /// <summary>Leaves only these rows on a list.</summary>
    internal Task NarrowAsync(Guid openId, IReadOnlyList<RawRow> rows, int attempts, TimeSpan pause) => StorageFaults.GuardAsync(async () =>
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(NarrowSql);
        command.Bind(openId, rows.Select(r => r.OrganizationId).ToArray(), rows.Select(r => r.Id).ToArray(), attempts, pause);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Counts an attempt at a list, and leaves it alone for a while.</summary>
    internal Task PostponeAsync(Guid openId, TimeSpan pause) => StorageFaults.GuardAsync(async () =>
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(PostponeSql);
        command.Bind(openId, pause);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Which of these have a lead.</summary>
    internal async Task<HashSet<(long Organization, Guid Id)>> HaveLeadsAsync(long[] organizations, Guid[] ids)
    {
        await using var session = await hot.RentAsync();
        return [.. await session.Connection.ReadAllAsync(HaveLeadsSql, static row => (row.GetInt64(0), row.GetGuid(1)), organizations, ids)];
    }

    /// <summary>Of which type and encoding rows of the raw log are, as far as they are still there.</summary>
    internal async Task<Dictionary<(long Organization, Guid Id), (string? Type, string? Encoding)>> FindKindsAsync(long[] organizations, Guid[] ids)
    {
        var kinds = new Dictionary<(long, Guid), (string?, string?)>();
        await using var session = await hot.RentAsync();
        await using var command = session.Command(KindsSql);
        BindIds(command, organizations, ids);
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            kinds[(row.GetInt64(0), row.GetGuid(1))] = (row.Text(2), row.Text(3));
        }

        return kinds;
    }

    /// <summary>Whether there is a lead.</summary>
    internal async Task<bool> HasLeadAsync(long organizationId, Guid id)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(HasLeadSql);
        command.Bind(organizationId, id);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private static void BindIds(NpgsqlCommand command, long[] organizations, Guid[] ids)
    {
        var (first, last) = (DateTime.MaxValue, DateTime.MinValue);
        foreach (var id in ids)
        {
            var time = IngestionCommits.TimeOf(id);
            (first, last) = (time < first ? time : first, time > last ? time : last);
        }

        command.Bind(organizations, ids, first, last);
    }

    /// <summary>Reads <see cref="RowColumns"/> that begin at a column.</summary>
    internal static RawRow ReadRow(NpgsqlDataReader row, int at) => new(
        row.GetInt64(at),
        row.GetGuid(at + 1),
        row.GetDateTime(at + 2),
        new RawPost(
            row.GetFieldValue<byte[]>(at + 3),
            row.Text(at + 4),
            row.Text(at + 5),
            row.GetFieldValue<byte[]>(at + 6),
            row.Text(at + 7),
            row.GetString(at + 8),
            row.Text(at + 9),
            row.Text(at + 10)));
}

/// <summary>Raw rows that are not known to be finished.</summary>
/// <param name="Id">Of the list.</param>
/// <param name="Organizations">Of the rows.</param>
/// <param name="RawIds">Of the rows.</param>
/// <param name="Attempts">How often making leads of them failed.</param>
internal sealed record OpenList(Guid Id, long[] Organizations, Guid[] RawIds, int Attempts);
