using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Storage;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Buffer;

/// <summary>The hot path: what many namespaces decided, written in one statement, each part only under its claim's epoch.</summary>
internal sealed partial class BufferStore
{
    // The lock on the namespace's row is the fence: a claim waits for it, and a commit that comes after the claim sees the
    // new epoch, whatever its snapshot says, because locking a row checks its newest version.
    private const string PullSql =
        """
        with fence as materialized (
            select n.id, n.epoch, n.organization_id
            from unnest($1::bigint[], $2::bigint[]) as f (id, epoch)
            join namespaces n on n.id = f.id and n.epoch = f.epoch
            for share of n
        ), served as (
            insert into served_leads (id, organization_id, namespace_id, seq, origin_id, served_at, email_key)
            select l.id, fence.organization_id, l.namespace_id, l.seq, l.origin_id, l.served_at, l.email_key
            from unnest($3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $11::bigint[], $13::timestamptz[])
                as l (id, namespace_id, seq, origin_id, email_key, epoch, served_at)
            join fence on fence.id = l.namespace_id and fence.epoch = l.epoch
            on conflict do nothing
            returning 1
        ), skipped as (
            insert into skipped_leads (namespace_id, seq, skipped_at)
            select k.namespace_id, k.seq, $8
            from unnest($9::bigint[], $10::bigint[], $12::bigint[]) as k (namespace_id, seq, epoch)
            join fence on fence.id = k.namespace_id and fence.epoch = k.epoch
            on conflict do nothing
        )
        select (select count(*) from fence), (select count(*) from served)
        """;

    private const string PushSql =
        """
        with fence as materialized (
            select n.id, n.epoch
            from unnest($1::bigint[], $2::bigint[]) as f (id, epoch)
            join namespaces n on n.id = f.id and n.epoch = f.epoch
            for share of n
        ), buffered as (
            insert into lead_buffer (namespace_id, seq, origin_id, pushed_at, email, external_id, data)
            select l.namespace_id, l.seq, l.origin_id, $9, l.email, l.external_id, l.data
            from unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::json[], $10::bigint[])
                as l (namespace_id, seq, origin_id, email, external_id, data, epoch)
            join fence on fence.id = l.namespace_id and fence.epoch = l.epoch
        )
        select id, epoch from fence
        """;

    /// <summary>Marks leads of several namespaces served or skipped, in one commit.</summary>
    /// <returns>In the order of the writes, what became of each.</returns>
    internal async Task<PullResult[]> CommitPullsAsync(IReadOnlyList<PullWrite> writes)
    {
        var marks = writes.Sum(w => w.Served.Count);
        var (ids, namespaces, seqs, origins, keys, times) =
            (new Guid[marks], new long[marks], new long[marks], new long[marks], new string[marks], new DateTime[marks]);
        var i = 0;
        foreach (var write in writes)
        {
            foreach (var (id, at, lead) in write.Served)
            {
                (ids[i], namespaces[i], seqs[i], origins[i]) = (id, write.NamespaceId, lead.Seq, lead.OriginId);
                times[i] = at.UtcDateTime;
                keys[i++] = EmailKey.Of(lead.Lead.Email);
            }
        }

        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(PullSql, connection);
        AddFence(command, writes, w => w.NamespaceId, w => w.Epoch);
        command.Bind(ids, namespaces, seqs, origins, keys);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = time.GetUtcNow().UtcDateTime });
        command.Bind(
            writes.SelectMany(w => w.Skipped.Select(_ => w.NamespaceId)).ToArray(),
            writes.SelectMany(w => w.Skipped).ToArray(),
            writes.SelectMany(w => w.Served.Select(_ => w.Epoch)).ToArray(),
            writes.SelectMany(w => w.Skipped.Select(_ => w.Epoch)).ToArray(),
            times);
        long fenced, served;
        await using (var row = await command.ExecuteReaderAsync())
        {
            await row.ReadAsync();
            (fenced, served) = (row.GetInt64(0), row.GetInt64(1));
        }

        var results = new PullResult[writes.Count];
        Array.Fill(results, PullResult.Done.All);
        return fenced == writes.Count && served == marks ? results : await TellApartAsync(connection, writes, ids);
    }

    // Rare: some lead was served meanwhile or some claim was stale. The commit is done; this reads what it did.
    private static async Task<PullResult[]> TellApartAsync(
        NpgsqlConnection connection, IReadOnlyList<PullWrite> writes, Guid[] ids)
    {
        var done = new HashSet<Guid>();
        await using (var command = Command(
            connection,
            """
            select s.id from unnest($1::bigint[], $2::uuid[]) as l (namespace_id, id)
            join served_leads s on s.namespace_id = l.namespace_id and s.id = l.id
            """,
            writes.SelectMany(w => w.Served.Select(_ => w.NamespaceId)).ToArray(),
            ids))
        await using (var row = await command.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                done.Add(row.GetGuid(0));
            }
        }

        var current = await ReadCurrentAsync(connection, writes);
        return [.. writes.Select(write => Outcome(write, done, current))];
    }

    private static PullResult Outcome(PullWrite write, HashSet<Guid> done, HashSet<(long, long)> current)
    {
        var missing = write.Served.Where(m => !done.Contains(m.Id)).Select(m => m.Lead.Seq).ToHashSet();
        var wasCurrent = current.Contains((write.NamespaceId, write.Epoch));
        return missing.Count == 0 && write.Served.Count > 0 ? PullResult.Done.All
            : !wasCurrent && missing.Count == write.Served.Count ? PullResult.Fenced.Value
            : new PullResult.Done(missing);
    }

    private static async Task<HashSet<(long Id, long Epoch)>> ReadCurrentAsync(
        NpgsqlConnection connection, IReadOnlyList<PullWrite> writes)
    {
        await using var command = Command(
            connection,
            "select id, epoch from namespaces where id = any($1)",
            writes.Select(w => w.NamespaceId).ToArray());
        await using var row = await command.ExecuteReaderAsync();
        var current = new HashSet<(long, long)>();
        while (await row.ReadAsync())
        {
            current.Add((row.GetInt64(0), row.GetInt64(1)));
        }

        return current;
    }

    /// <summary>Buffers leads of several namespaces, in one commit.</summary>
    /// <returns>In the order of the writes, whether each was done; false where its claim is no longer the newest.</returns>
    internal async Task<bool[]> CommitPushesAsync(IReadOnlyList<PushWrite> writes)
    {
        var leads = writes.SelectMany(w => w.Leads).ToArray();
        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(PushSql, connection);
        AddFence(command, writes, w => w.NamespaceId, w => w.Epoch);
        command.Bind(
            writes.SelectMany(w => w.Leads.Select(_ => w.NamespaceId)).ToArray(),
            Array.ConvertAll(leads, l => l.Seq),
            Array.ConvertAll(leads, l => l.OriginId),
            Array.ConvertAll(leads, l => l.Lead.Email),
            Array.ConvertAll(leads, l => l.Lead.ExternalId));
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = Array.ConvertAll(leads, l => l.Lead.Data),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json,
        });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = time.GetUtcNow().UtcDateTime });
        command.Bind(writes.SelectMany(w => w.Leads.Select(_ => w.Epoch)).ToArray());
        var done = new HashSet<(long, long)>();
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            done.Add((row.GetInt64(0), row.GetInt64(1)));
        }

        return [.. writes.Select(w => done.Contains((w.NamespaceId, w.Epoch)))];
    }

    private static void AddFence<TWrite>(
        NpgsqlCommand command, IReadOnlyList<TWrite> writes, Func<TWrite, long> id, Func<TWrite, long> epoch)
        => command.Bind(writes.Select(id).ToArray(), writes.Select(epoch).ToArray());
}
