using LeadGrain.Grains.Storage;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Ingestion;

/// <summary>The first commit: posts into the raw log, and who has their keys.</summary>
internal sealed class RawStore(HotSessions hot)
{
    private const string Posted =
        """
        with posted as (
            select * from unnest(
                $1::bigint[], $2::timestamptz[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::json[], $8::text[], $9::text[], $10::text[], $11::text[])
            with ordinality as p (
                organization_id, received_at, id, body, content_type, content_encoding, headers, remote_address, request_id, idempotency_key, query, n)
        )
        """;

    private const string InsertRaw =
        """
        insert into leads_raw (
            organization_id, received_at, id, body, content_type, content_encoding, headers, remote_address, request_id, idempotency_key, query)
        select
            organization_id, received_at, id, body, content_type, content_encoding, headers, remote_address, request_id, idempotency_key, query
        from posted
        """;

    private const string Append =
        $"""
        {Posted}, opened as (
            insert into raw_open (id, organization_ids, raw_ids) values ($12, $1, $3)
        ), stored as (
            {InsertRaw}
        )
        """;

    // What is there already is on another list, or finished.
    private const string AppendRest =
        $"""
        {Posted}, stored as (
            {InsertRaw} on conflict do nothing returning organization_id, id
        ), opened as (
            insert into raw_open (id, organization_ids, raw_ids)
            select $12, array_agg(organization_id order by id), array_agg(id order by id) from stored having count(*) > 0
        )
        """;

    // One that waited here for another's commit does not see what that wrote: it asks again, in FindClaimsSql.
    private const string Claims =
        """
        , keyed as (
            select p.organization_id, p.idempotency_key as key, p.id, h.hash, p.n
            from posted p join unnest($13::bytea[]) with ordinality as h (hash, n) on h.n = p.n
            where p.idempotency_key is not null
        ), claimed as (
            insert into ingest_keys (organization_id, key, lead_id, body_hash)
            select organization_id, key, id, hash from keyed order by organization_id, key, n
            on conflict do nothing
            returning organization_id, key, lead_id, body_hash
        )
        select k.n, coalesce(c.lead_id, e.lead_id), coalesce(c.body_hash, e.body_hash)
        from keyed k
        left join claimed c on c.organization_id = k.organization_id and c.key = k.key
        left join ingest_keys e on e.organization_id = k.organization_id and e.key = k.key
        """;

    private const string NoClaims = " select null::bigint, null::uuid, null::bytea where false";

    private const string FindClaimsSql =
        """
        select a.n, k.lead_id, k.body_hash
        from unnest($1::bigint[], $2::text[]) with ordinality as a (organization_id, key, n)
        join ingest_keys k on k.organization_id = a.organization_id and k.key = a.key
        """;

    private const string TakeOverSql =
        "update ingest_keys set lead_id = $3, body_hash = $4 where organization_id = $1 and key = $2 and lead_id = $5";

    private const string EnsureOrganizationSql =
        """
        insert into organizations (app_id, org_id) values ($1, $2)
        on conflict on constraint organizations_app_org_key do update set app_id = excluded.app_id
        returning id
        """;

    private const string FindOrganizationSql = "select id from organizations where app_id = $1 and org_id = $2";

    /// <summary>Writes posts, all or none, and lists them as unfinished; one that is there already under its id stays as it is.</summary>
    /// <param name="openId">Of that list.</param>
    /// <param name="rows">The posts.</param>
    /// <returns>Who has the key of each; null where it has none, or where that is not known yet.</returns>
    internal async Task<KeyClaim?[]> AppendAsync(Guid openId, IReadOnlyList<RawRow> rows)
    {
        var columns = new RawColumns(rows);
        try
        {
            return await AppendAsync(openId, columns);
        }
        catch (PostgresException moved) when (moved is { SqlState: PostgresErrorCodes.CheckViolation, TableName: "leads_raw_default" })
        {
            // It waited for the default partition while their day was given one of its own, which is there by now.
            return await AppendAsync(openId, columns);
        }
    }

    private async Task<KeyClaim?[]> AppendAsync(Guid openId, RawColumns columns)
    {
        try
        {
            return await AppendAsync(openId, columns, columns.HasKeys ? $"{Append}{Claims}" : $"{Append}{NoClaims}");
        }
        catch (PostgresException twice) when (twice.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Both a post's grain and a keeper had it. Looking at each row first would cost those posts too that have but one.
            return await AppendAsync(openId, columns, columns.HasKeys ? $"{AppendRest}{Claims}" : $"{AppendRest}{NoClaims}");
        }
    }

    private async Task<KeyClaim?[]> AppendAsync(Guid openId, RawColumns columns, string sql)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(sql);
        command.Bind(columns.Organizations, columns.Times, columns.Ids);
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = columns.Bodies });
        command.Bind((object)columns.Types);
        command.Bind((object)columns.Encodings);
        command.Parameters.Add(new NpgsqlParameter { Value = columns.Headers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json });
        command.Bind((object)columns.Addresses);
        command.Bind((object)columns.RequestIds);
        command.Bind((object)columns.Keys);
        command.Bind((object)columns.Queries);
        command.Bind(openId);
        if (!columns.HasKeys)
        {
            await command.ExecuteNonQueryAsync();
            return new KeyClaim?[columns.Count];
        }

        command.Parameters.Add(new NpgsqlParameter<byte[]?[]> { TypedValue = columns.Hashes });
        return await ReadClaimsAsync(command, columns.Count);
    }

    /// <summary>Who has the keys of these rows; null where nobody has.</summary>
    internal async Task<KeyClaim?[]> FindClaimsAsync(IReadOnlyList<RawRow> rows)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(FindClaimsSql);
        command.Bind(rows.Select(r => r.OrganizationId).ToArray(), rows.Select(r => r.Post.Key).ToArray());
        return await ReadClaimsAsync(command, rows.Count);
    }

    /// <summary>Gives a row the key of another, unless that has lost it already.</summary>
    internal async Task<bool> TakeOverAsync(RawRow row, Guid from)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(TakeOverSql);
        command.Bind(row.OrganizationId, row.Post.Key, row.Id, row.BodyHash, from);
        return await command.ExecuteNonQueryAsync() == 1;
    }

    /// <summary>An organization's row, made where there is none. By a hot session: a post is kept though the pool has run dry.</summary>
    internal Task<long> EnsureOrganizationAsync(string app, string org) => StorageFaults.GuardAsync(async () =>
        await ScalarAsync(FindOrganizationSql, app, org) ?? (await ScalarAsync(EnsureOrganizationSql, app, org))!.Value);

    private async Task<long?> ScalarAsync(string sql, string app, string org)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(sql);
        command.Bind(app, org);
        return (long?)await command.ExecuteScalarAsync();
    }

    private static async Task<KeyClaim?[]> ReadClaimsAsync(NpgsqlCommand command, int count)
    {
        var claims = new KeyClaim?[count];
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            if (!row.IsDBNull(1))
            {
                claims[row.GetInt64(0) - 1] = new KeyClaim(row.GetGuid(1), row.GetFieldValue<byte[]>(2));
            }
        }

        return claims;
    }

    /// <summary>Posts by columns: plain loops over exact arrays.</summary>
    private sealed class RawColumns
    {
        internal RawColumns(IReadOnlyList<RawRow> rows)
        {
            var count = rows.Count;
            (Organizations, Times, Ids) = (new long[count], new DateTime[count], new Guid[count]);
            (Bodies, Headers, Hashes) = (new byte[count][], new byte[count][], new byte[]?[count]);
            (Types, Encodings, Addresses) = (new string?[count], new string?[count], new string?[count]);
            (RequestIds, Keys, Queries) = (new string[count], new string?[count], new string?[count]);
            for (var i = 0; i < count; i++)
            {
                var (row, post) = (rows[i], rows[i].Post);
                (Organizations[i], Times[i], Ids[i]) = (row.OrganizationId, row.ReceivedAt, row.Id);
                (Bodies[i], Headers[i], Types[i], Encodings[i]) = (post.Body, post.Headers, post.ContentType, post.ContentEncoding);
                (Addresses[i], RequestIds[i], Keys[i], Queries[i]) = (post.RemoteAddress, post.RequestId, post.Key, post.Query);
                if (post.Key is not null)
                {
                    (HasKeys, Hashes[i]) = (true, row.BodyHash);
                }
            }
        }

        internal int Count => Ids.Length;

        internal bool HasKeys { get; }

        internal long[] Organizations { get; }

        internal DateTime[] Times { get; }

        internal Guid[] Ids { get; }

        internal byte[][] Bodies { get; }

        internal byte[][] Headers { get; }

        internal byte[]?[] Hashes { get; }

        internal string?[] Types { get; }

        internal string?[] Encodings { get; }

        internal string?[] Addresses { get; }

        internal string[] RequestIds { get; }

        internal string?[] Keys { get; }

        internal string?[] Queries { get; }
    }
}
