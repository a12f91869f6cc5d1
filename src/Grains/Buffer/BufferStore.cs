using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>The buffer and the served set in PostgreSQL: claiming, reading and checkpoints. The commits are in its other half.</summary>
internal sealed partial class BufferStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string ClaimSql =
        """
        update namespaces n set epoch = n.epoch + 1
        from organizations o
        where o.app_id = $1 and o.org_id = $2 and n.organization_id = o.id and n.name = $3
        returning n.id, n.epoch, n.settled_seq, n.settled_id, n.served_count, n.skipped_count
        """;

    private const string CreateSql =
        """
        with organization as (
            insert into organizations (app_id, org_id) values ($1, $2)
            on conflict on constraint organizations_app_org_key do update set app_id = excluded.app_id
            returning id
        )
        insert into namespaces as n (organization_id, name) select id, $3 from organization
        on conflict on constraint namespaces_organization_name_key do update set epoch = n.epoch + 1
        returning n.id, n.epoch, n.settled_seq, n.settled_id, n.served_count, n.skipped_count
        """;

    /// <summary>Claims a namespace; null where it does not exist.</summary>
    /// <param name="key">The namespace.</param>
    /// <param name="unanswered">Served marks to take back where they were committed.</param>
    internal Task<ClaimedNamespace?> ClaimAsync(NamespaceKey key, IReadOnlyList<ServedMark> unanswered)
        => StorageFaults.GuardAsync(() => ClaimAsync(ClaimSql, key, unanswered));

    /// <summary>Claims a namespace, creating it where it does not exist.</summary>
    internal async Task<ClaimedNamespace> CreateAsync(NamespaceKey key)
        => (await StorageFaults.GuardAsync(() => ClaimAsync(CreateSql, key, [])))!;

    private async Task<ClaimedNamespace?> ClaimAsync(string sql, NamespaceKey key, IReadOnlyList<ServedMark> unanswered)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        ClaimedNamespace claimed;
        await using (var claim = Command(connection, sql, key.Tenant.App, key.Tenant.Org, key.Name))
        await using (var row = await claim.ExecuteReaderAsync())
        {
            if (!await row.ReadAsync())
            {
                return null;
            }

            var settled = new Checkpoint(row.GetInt64(2), row.GetGuid(3), row.GetInt64(4), row.GetInt64(5));
            claimed = new ClaimedNamespace(row.GetInt64(0), row.GetInt64(1), settled, 0, Guid.Empty);
        }

        if (unanswered.Count > 0)
        {
            await TakeBackAsync(connection, claimed, unanswered);
        }

        claimed = await ReadEndsAsync(connection, claimed);
        await transaction.CommitAsync();
        return claimed;
    }

    private static async Task<ClaimedNamespace> ReadEndsAsync(NpgsqlConnection connection, ClaimedNamespace claimed)
    {
        await using var ends = Command(
            connection,
            """
            select
                (select seq from lead_buffer where namespace_id = $1 order by seq desc limit 1),
                (select id from served_leads where namespace_id = $1 order by id desc limit 1)
            """,
            claimed.Id);
        await using var row = await ends.ExecuteReaderAsync();
        await row.ReadAsync();
        return claimed with
        {
            LastSeq = row.IsDBNull(0) ? 0 : row.GetInt64(0),
            LastServedId = row.IsDBNull(1) ? Guid.Empty : row.GetGuid(1),
        };
    }

    // Only beyond the checkpoint: what it covers is counted, and was checkpointed by an activation that had seen it served.
    private static async Task TakeBackAsync(
        NpgsqlConnection connection, ClaimedNamespace claimed, IReadOnlyList<ServedMark> unanswered)
    {
        await using var takeBack = Command(
            connection,
            "delete from served_leads where namespace_id = $1 and id > $2 and id = any($3)",
            claimed.Id,
            claimed.Settled.LastId,
            unanswered.Select(m => m.Id).ToArray());
        await takeBack.ExecuteNonQueryAsync();
    }

    /// <summary>What was settled after a checkpoint.</summary>
    internal Task<SettledSince> ReadSettledSinceAsync(long namespaceId, Checkpoint settled) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            select coalesce(greatest(s.last, k.last), $2), s.n, k.n
            from (select max(seq) as last, count(*) as n from served_leads where namespace_id = $1 and id > $3) s,
                 (select max(seq) as last, count(*) as n from skipped_leads where namespace_id = $1 and seq > $2) k
            """);
        command.Bind(namespaceId, settled.Seq, settled.LastId);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new SettledSince(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    });

    /// <summary>The leads between a checkpoint and a seq that still wait, in order: the gaps that a broken-off commit left.</summary>
    internal Task<List<WaitingLead>> ReadGapsAsync(long namespaceId, Checkpoint settled, long throughSeq, OriginCache origins)
        => ReadAsync(
            """
            select b.seq, b.email, b.external_id, b.data, b.origin_id, o.brand_id, o.clerk_org_id, o.clerk_user_id
            from lead_buffer b
            join lead_origins o on o.id = b.origin_id
            left join (
                select seq from served_leads where namespace_id = $1 and id > $4
                union all
                select seq from skipped_leads where namespace_id = $1 and seq > $2
            ) settled on settled.seq = b.seq
            where b.namespace_id = $1 and b.seq > $2 and b.seq <= $3 and settled.seq is null
            order by b.seq
            """,
            origins,
            namespaceId,
            settled.Seq,
            throughSeq,
            settled.LastId);

    /// <summary>Leads after a seq, in order; none of them may be settled.</summary>
    /// <param name="namespaceId">The namespace.</param>
    /// <param name="afterSeq">Where to start.</param>
    /// <param name="limit">At most this many leads.</param>
    /// <param name="bytes">No more after those whose stored data come to this many bytes together.</param>
    /// <param name="origins">Looks origins up and learns new ones.</param>
    internal Task<List<WaitingLead>> ReadWaitingAsync(long namespaceId, long afterSeq, int limit, int bytes, OriginCache origins)
        => ReadAsync(
            """
            select b.seq, b.email, b.external_id, b.data, b.origin_id, o.brand_id, o.clerk_org_id, o.clerk_user_id
            from (
                select l.*, sum(pg_column_size(l.data)) over (order by l.seq) - pg_column_size(l.data) as bytes_before
                from (select * from lead_buffer where namespace_id = $1 and seq > $2 order by seq limit $3) l
            ) b
            join lead_origins o on o.id = b.origin_id
            where coalesce(b.bytes_before, 0) < $4
            order by b.seq
            """,
            origins,
            namespaceId,
            afterSeq,
            limit,
            bytes);

    private Task<List<WaitingLead>> ReadAsync(string sql, OriginCache origins, params object[] values)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(sql);
            command.Bind(values);
            await using var row = await command.ExecuteReaderAsync();
            var leads = new List<WaitingLead>();
            while (await row.ReadAsync())
            {
                var originId = row.GetInt64(4);
                var origin = origins.Find(originId) ?? origins.Add(
                    originId, new LeadOrigin(Text(row, 5), Text(row, 6), Text(row, 7)));
                var data = row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3);
                leads.Add(new WaitingLead(row.GetInt64(0), originId, origin, new NewLead(row.GetString(1), Text(row, 2), data)));
            }

            return leads;
        });

    /// <summary>Which of these email keys the namespace has served.</summary>
    internal Task<HashSet<string>> FindServedAsync(long namespaceId, string[] keys) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            select k.key from unnest($2::text[]) as k (key)
            where exists (select from served_leads s where s.namespace_id = $1 and s.email_key = k.key)
            """);
        command.Bind(namespaceId, keys);
        await using var row = await command.ExecuteReaderAsync();
        var served = new HashSet<string>(StringComparer.Ordinal);
        while (await row.ReadAsync())
        {
            served.Add(row.GetString(0));
        }

        return served;
    });

    /// <summary>The row of an origin, made where there is none; null where the claim is no longer the newest.</summary>
    internal Task<long?> FindOrAddOriginAsync(long namespaceId, long epoch, LeadOrigin origin)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(
                """
                with fence as (
                    select id, organization_id from namespaces where id = $1 and epoch = $2 for share
                ), found as (
                    select o.id from lead_origins o join fence on fence.id = o.namespace_id
                    where o.brand_id is not distinct from $3
                        and o.clerk_org_id is not distinct from $4
                        and o.clerk_user_id is not distinct from $5
                ), made as (
                    insert into lead_origins (organization_id, namespace_id, brand_id, clerk_org_id, clerk_user_id)
                    select fence.organization_id, fence.id, $3, $4, $5 from fence where not exists (select from found)
                    returning id
                )
                select id from found union all select id from made
                """);
            command.Bind(namespaceId, epoch, origin.BrandId, origin.ClerkOrgId, origin.ClerkUserId);
            return (long?)await command.ExecuteScalarAsync();
        });

    /// <summary>Writes a checkpoint; an older claim's is dropped.</summary>
    internal Task<int> SettleAsync(long namespaceId, long epoch, Checkpoint settled) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            update namespaces set settled_seq = $3, settled_id = $4, served_count = $5, skipped_count = $6
            where id = $1 and epoch = $2 and settled_seq < $3
            """);
        command.Bind(namespaceId, epoch, settled.Seq, settled.LastId, settled.Served, settled.Skipped);
        return await command.ExecuteNonQueryAsync();
    });

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Bind(values);
        return command;
    }
}
