using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Leases;

/// <summary>Reads dead leads. They are written by the commits of their namespaces' grains.</summary>
internal sealed class DeadLeadStore([FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource database)
{
    /// <summary>Dead leads after an id, the oldest death first.</summary>
    /// <param name="namespaceId">Whose.</param>
    /// <param name="ids">Only these, as far as there are such; null for all.</param>
    /// <param name="after">Where to start.</param>
    /// <param name="through">The last one.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="bytes">None after those whose batches' data come to this many bytes together.</param>
    /// <param name="origins">Looks origins up and learns new ones.</param>
    /// <returns>The leads, and whether there are more behind them.</returns>
    internal async Task<(List<BuriedLead> Dead, bool HasMore)> ListAsync(
        long namespaceId, Guid[]? ids, Guid after, Guid through, int limit, long bytes, OriginCache origins)
    {
        var found = 0L;
        var dead = await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            $"""
            select {BufferStore.LeadColumns}, d.id, d.attempts, d.died_at, d.found
            from (
                select f.*, sum(t.data_bytes) over (order by f.id) - t.data_bytes as bytes_before, count(*) over () as found
                from (
                    select * from dead_leads
                    where namespace_id = $1 and id > $2 and id <= $5 {(ids is null ? "" : "and id = any($6)")}
                    order by id limit $3 + 1
                ) f
                {BufferStore.BatchBytes}
            ) d
            cross join lateral buffered_lead(d.namespace_id, d.seq) b
            join lead_origins o on o.id = b.origin_id
            where d.bytes_before < $4
            order by d.id
            limit $3
            """,
            row =>
            {
                found = row.GetInt64(12);
                return Read(row, origins);
            },
            ids is null ? [namespaceId, after, (long)limit, bytes, through] : [namespaceId, after, (long)limit, bytes, through, ids]));
        return (dead, dead.Count < found);
    }

    /// <summary>The latest death's id; empty where there is none.</summary>
    internal Task<Guid> LastAsync(long namespaceId) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("select id from dead_leads where namespace_id = $1 order by id desc limit 1");
        command.Bind(namespaceId);
        return (Guid?)await command.ExecuteScalarAsync() ?? Guid.Empty;
    });

    private static BuriedLead Read(NpgsqlDataReader row, OriginCache origins)
        => new(row.GetGuid(9), BufferStore.ReadLead(row, origins), row.GetInt32(10), new DateTimeOffset(row.GetDateTime(11), TimeSpan.Zero));
}
