using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>What an activation reads: the leads that wait, those that are held, and what was served.</summary>
internal sealed partial class BufferStore
{
    /// <summary>What <see cref="ReadLead"/> reads, of a buffered lead as b and lead_origins as o.</summary>
    internal const string LeadColumns =
        "b.seq, b.priority, b.email, b.external_id, b.data, b.origin_id, o.brand_id, o.clerk_org_id, o.clerk_user_id";

    /// <summary>What joins to rows f of the namespace $1, as t, how large the data of the batch of each one's lead are.</summary>
    internal const string BatchBytes =
        """
        cross join lateral (
            select data_bytes from lead_batches
            where namespace_id = $1 and first_seq <= f.seq order by first_seq desc limit 1
        ) t
        """;

    // The key of the batch that holds the first lead after $2.
    private const string FirstBatch =
        "select first_seq from lead_batches where namespace_id = $1 and first_seq <= $2 + 1 order by first_seq desc limit 1";

    /// <summary>What left the plain order after a checkpoint.</summary>
    internal Task<SettledSince> ReadSettledSinceAsync(long namespaceId, Checkpoint settled) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(
            """
            select greatest($2, s.last, k.last, h.last, d.last), s.n, k.n
            from (
                select max(b.seq) filter (where b.priority = 0) as last, count(*) as n
                from served_leads s cross join lateral buffered_lead(s.namespace_id, s.seq) b
                where s.namespace_id = $1 and s.id > $3
            ) s, (
                select max(b.seq) filter (where b.priority = 0) as last, count(*) as n
                from skipped_leads k cross join lateral buffered_lead(k.namespace_id, k.seq) b
                where k.namespace_id = $1 and k.id > $3
            ) k,
            (select max(seq) as last from held_leads where namespace_id = $1 and rank = 0 and seq > $2) h,
            (select max(seq) as last from dead_leads where namespace_id = $1 and rank = 0 and seq > $2) d
            """);
        command.Bind(namespaceId, settled.Seq, settled.LastId);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new SettledSince(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    });

    /// <summary>The leads between a checkpoint and a seq that still wait in the plain order: the gaps that a broken-off commit left.</summary>
    internal Task<List<WaitingLead>> ReadGapsAsync(long namespaceId, Checkpoint settled, long throughSeq, OriginCache origins)
        => ReadAsync(
            $"""
            select {LeadColumns}
            from buffered_leads b
            join lead_origins o on o.id = b.origin_id
            left join (
                select seq from served_leads where namespace_id = $1 and id > $4
                union all
                select seq from skipped_leads where namespace_id = $1 and seq > $2
                union all
                select seq from held_leads where namespace_id = $1 and rank = 0 and seq > $2
                union all
                select seq from dead_leads where namespace_id = $1 and rank = 0 and seq > $2
            ) settled on settled.seq = b.seq
            where b.namespace_id = $1 and b.batch_seq >= ({FirstBatch}) and b.batch_seq <= $3
                and b.priority = 0 and b.seq > $2 and b.seq <= $3 and settled.seq is null
            order by b.seq
            """,
            row => ReadLead(row, origins),
            namespaceId,
            settled.Seq,
            throughSeq,
            settled.LastId);

    /// <summary>Leads after a seq, in order, those of other priorities without their data; none of them may be settled or held.</summary>
    /// <param name="claimed">The namespace.</param>
    /// <param name="afterSeq">Where to start.</param>
    /// <param name="limit">At most this many leads.</param>
    /// <param name="bytes">No more batches after those whose data come to this many bytes together.</param>
    /// <param name="origins">Looks origins up and learns new ones.</param>
    internal Task<List<WaitingLead>> ReadWaitingAsync(ClaimedNamespace claimed, long afterSeq, int limit, int bytes, OriginCache origins)
        => ReadHotAsync(
            claimed.OrganizationId,
            $"""
            select {LeadColumns}
            from (
                select w.*, sum(w.data_bytes) over (order by w.first_seq) - w.data_bytes as bytes_before
                from lead_batches w
                where w.namespace_id = $1 and w.first_seq >= ({FirstBatch}) and w.first_seq <= $2 + $3
            ) t
            join lead_origins o on o.id = t.origin_id -- once for a batch, not for each of its leads
            cross join lateral (
                select
                    t.origin_id, t.first_seq + l.n - 1 as seq, coalesce(l.priority, 0) as priority, l.email, l.external_id,
                    case when coalesce(l.priority, 0) = 0 then l.data end as data
                from unnest(t.emails, t.external_ids, t.datas, t.priorities)
                    with ordinality as l (email, external_id, data, priority, n)
            ) b
            where t.bytes_before < $4 and b.seq > $2 and b.seq <= $2 + $3
            order by b.seq
            """,
            row => ReadLead(row, origins),
            claimed.Id,
            afterSeq,
            limit,
            bytes);

    /// <summary>The leads of a kept answer, in its order, and whether each has a trace of having been handed out.</summary>
    internal Task<List<(WaitingLead Lead, bool HasTrace)>> ReadHandedOutAsync(long namespaceId, IReadOnlyCollection<KeptLead> kept, OriginCache origins)
        => ReadAsync(
            $"""
            select {LeadColumns}, case when a.served_id is not null
                then exists (select from served_leads s where s.namespace_id = $1 and s.id = a.served_id)
                -- The trace of a lease that was given; one whose email had been served leaves none, and its lead may not be
                -- marked as skipped yet. A revival takes it away. Served ids and leases' ids rise together.
                else exists (select from held_leads h where h.namespace_id = $1 and h.rank = -b.priority and h.seq = a.seq and h.attempts >= a.attempt)
                    or exists (select from dead_leads d where d.namespace_id = $1 and d.seq = a.seq)
                    or exists (select from served_leads s where s.namespace_id = $1 and s.seq = a.seq and s.id > a.lease_id)
                end
            from unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::int[]) with ordinality as a (seq, served_id, lease_id, attempt, n)
            cross join lateral buffered_lead($1, a.seq) b
            join lead_origins o on o.id = b.origin_id
            order by a.n
            """,
            row => (ReadLead(row, origins), row.GetBoolean(9)),
            namespaceId,
            kept.Select(lead => lead.Seq).ToArray(),
            kept.Select(lead => lead.ServedId).ToArray(),
            kept.Select(lead => lead.Lease?.Id).ToArray(),
            kept.Select(lead => lead.Lease?.Attempt).ToArray());

    /// <summary>All leads on lease or on a delay, and how long that lasts yet by the database's clock; less than nothing where it is over.</summary>
    internal Task<List<(HeldLead Lead, TimeSpan Left)>> ReadOutAsync(long namespaceId, OriginCache origins)
        => ReadAsync(
            $"""
            select {LeadColumns}, h.attempts, h.lease_id, h.held_for, h.due_at - clock_timestamp()
            from held_leads h
            cross join lateral buffered_lead(h.namespace_id, h.seq) b
            join lead_origins o on o.id = b.origin_id
            where h.namespace_id = $1 and h.due_at is not null
            """,
            row => (ReadHeld(row, origins), row.GetTimeSpan(12)),
            namespaceId);

    /// <summary>Held leads after a place, in order.</summary>
    /// <param name="namespaceId">The namespace.</param>
    /// <param name="after">Where to start.</param>
    /// <param name="throughSeq">Of the newest lead to look at.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="bytes">None after those whose batches' data come to this many bytes together.</param>
    /// <param name="origins">Looks origins up and learns new ones.</param>
    /// <returns>The leads, and whether there are none behind them.</returns>
    internal async Task<(List<HeldLead> Held, bool WasLast)> ReadHeldAsync(
        long namespaceId, Place after, long throughSeq, int limit, long bytes, OriginCache origins)
    {
        var found = 0L;
        var held = await ReadAsync(
            $"""
            select {LeadColumns}, h.attempts, h.lease_id, h.held_for, h.found
            from (
                select f.*, sum(t.data_bytes) over (order by f.rank, f.seq) - t.data_bytes as bytes_before, count(*) over () as found
                from (
                    select * from held_leads
                    where namespace_id = $1 and (rank, seq) > ($2, $3) and seq <= $4
                    order by rank, seq limit $5
                ) f
                {BatchBytes}
            ) h
            cross join lateral buffered_lead(h.namespace_id, h.seq) b
            join lead_origins o on o.id = b.origin_id
            where h.bytes_before < $6
            order by h.rank, h.seq
            """,
            row =>
            {
                found = row.GetInt64(12);
                return ReadHeld(row, origins);
            },
            namespaceId,
            after.Rank,
            after.Seq,
            throughSeq,
            limit,
            bytes);
        return (held, held.Count == found && found < limit);
    }

    /// <summary>Which of these email keys the namespace has served.</summary>
    internal async Task<HashSet<string>> FindServedAsync(ClaimedNamespace claimed, string[] keys)
        => [.. await ReadHotAsync(
            claimed.OrganizationId,
            """
            select k.key from unnest($2::text[]) as k (key)
            where exists (select from served_leads s where s.namespace_id = $1 and s.email_key = k.key)
            """,
            static row => row.GetString(0),
            claimed.Id,
            keys)];

    /// <summary>Which of these email keys the namespace had served when the lease beside it was to be given.</summary>
    internal async Task<HashSet<string>> FindServedBeforeAsync(long namespaceId, IReadOnlyCollection<(string Key, Guid Lease)> leased)
        => [.. await ReadAsync(
            """
            select k.key from unnest($2::text[], $3::uuid[]) as k (key, lease_id)
            where exists (
                select from served_leads s where s.namespace_id = $1 and s.email_key = k.key and s.id < k.lease_id
            )
            """,
            static row => row.GetString(0),
            namespaceId,
            leased.Select(one => one.Key).ToArray(),
            leased.Select(one => one.Lease).ToArray())];

    /// <summary>Which of these ids are of leads that the namespace has served.</summary>
    internal async Task<HashSet<Guid>> FindServedAsync(long namespaceId, Guid[] servedIds)
        => [.. await ReadAsync(
            "select id from served_leads where namespace_id = $1 and id = any($2)", static row => row.GetGuid(0), namespaceId, servedIds)];

    /// <summary>The hashes of all email keys that the namespace has served.</summary>
    internal Task<List<ulong>> ReadServedHashesAsync(long namespaceId)
        => ReadAsync(
            "select email_key from served_leads where namespace_id = $1",
            static row => ServedSet.Hash(row.GetFieldValue<byte[]>(0)),
            namespaceId);

    private Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] values)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(sql, read, values));

    private Task<List<T>> ReadHotAsync<T>(long organizationId, string sql, Func<NpgsqlDataReader, T> read, params object[] values)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var session = await hot.RentToReadAsync(organizationId);
            return await session.Connection.ReadAllAsync(sql, read, values);
        });

    internal static WaitingLead ReadLead(NpgsqlDataReader row, OriginCache origins)
    {
        var originId = row.GetInt64(5);
        var origin = origins.Find(originId) ?? origins.Add(originId, new LeadOrigin(row.Text(6), row.Text(7), row.Text(8)));
        var data = row.IsDBNull(4) ? null : row.GetFieldValue<byte[]>(4);
        return new WaitingLead(row.GetInt64(0), originId, origin, new NewLead(row.GetString(2), row.Text(3), data, row.GetInt32(1)));
    }

    private static HeldLead ReadHeld(NpgsqlDataReader row, OriginCache origins)
        => new(ReadLead(row, origins), new HeldState(
            row.GetInt32(9),
            row.IsDBNull(10) ? null : row.GetGuid(10),
            row.IsDBNull(11) ? null : row.GetTimeSpan(11)));
}
