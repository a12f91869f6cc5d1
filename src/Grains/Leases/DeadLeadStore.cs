using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Leases;

/// <summary>Reads dead leads. They are written by the commits of their namespaces' grains.</summary>
internal sealed class DeadLeadStore(NpgsqlDataSource database)
{
    private const string Columns = $"{BufferStore.LeadColumns}, d.id, d.attempts, d.died_at";

    private const string Joins =
        """
        cross join lateral buffered_lead(d.namespace_id, d.seq) b
        join lead_origins o on o.id = b.origin_id
        order by d.id
        """;

    /// <summary>Dead leads after an id, the oldest death first.</summary>
    internal Task<List<BuriedLead>> ListAsync(long namespaceId, Guid after, int limit, OriginCache origins)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(
            $"""
            select {Columns}
            from (select * from dead_leads where namespace_id = $1 and id > $2 order by id limit $3) d
            {Joins}
            """,
            row => Read(row, origins),
            namespaceId,
            after,
            limit));

    /// <summary>Dead leads by their ids, as far as there are such.</summary>
    internal Task<List<BuriedLead>> FindAsync(long namespaceId, Guid[] ids, OriginCache origins)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(
            $"""
            select {Columns}
            from (select * from dead_leads where namespace_id = $1 and id = any($2)) d
            {Joins}
            """,
            row => Read(row, origins),
            namespaceId,
            ids));

    private static BuriedLead Read(NpgsqlDataReader row, OriginCache origins)
        => new(row.GetGuid(9), BufferStore.ReadLead(row, origins), row.GetInt32(10), new DateTimeOffset(row.GetDateTime(11), TimeSpan.Zero));
}
