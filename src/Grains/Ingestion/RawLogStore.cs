using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Reads the raw log.</summary>
internal sealed class RawLogStore([FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource database)
{
    /// <summary>Whose lead, else whose outcome, else whose waiting a raw row r is.</summary>
    internal const string State = "case when l.id is not null then 'stored' else coalesce(o.outcome, 'pending') end";

    internal const string StateJoins =
        """
        left join leads l on l.organization_id = r.organization_id and l.id = r.id
        left join raw_outcomes o on o.organization_id = r.organization_id and o.raw_id = r.id
        """;

    private const string Entry =
        $"""
        r.id, r.received_at, {State}, case when l.id is null then o.reason end, coalesce(l.id, o.lead_id), r.content_type, r.content_encoding,
        octet_length(r.body), r.request_id
        """;

    private const string Window = "r.organization_id = $1 and r.received_at >= $2 and r.received_at < $3";

    // Milliseconds and id rise together, so the id alone tells the place.
    private const string Page = "r.received_at <= uuid_v7_time($4) and r.id < $4 order by r.received_at desc, r.id desc limit $5";

    // As StateJoins, but entry by entry: a page is a few of them, and a plan for any page must not walk all that there are for it.
    private const string PageJoins =
        """
        left join lateral (select l.id from leads l where l.organization_id = r.organization_id and l.id = r.id limit 1) l on true
        left join lateral (
            select o.raw_id, o.outcome, o.reason, o.lead_id from raw_outcomes o where o.organization_id = r.organization_id and o.raw_id = r.id limit 1
        ) o on true
        """;

    // The first and last entry of the window. Leads and outcomes are looked through between them only: leads outlive their days.
    private const string First = $"(select r.id from leads_raw r where {Window} order by r.received_at, r.id limit 1)";

    private const string Last = $"(select r.id from leads_raw r where {Window} order by r.received_at desc, r.id desc limit 1)";

    private const string AnySql =
        $"""
        select {Entry} from (select * from leads_raw r where {Window} and {Page}) r {PageJoins}
        order by r.received_at desc, r.id desc
        """;

    internal const string StoredSql =
        $"""
        select {Entry} from (
            select r.* from leads k
            cross join lateral (
                select * from leads_raw r
                where r.organization_id = k.organization_id and r.received_at = k.created_at and r.id = k.id and {Window} limit 1
            ) r
            where k.organization_id = $1 and k.id < $4 and k.id between {First} and {Last}
            order by k.id desc limit $5
        ) r {PageJoins}
        order by r.id desc
        """;

    private const string PendingSql =
        $"""
        select {Entry} from (
            select r.* from raw_open p
            cross join lateral unnest(p.organization_ids, p.raw_ids) as u (organization_id, id)
            join leads_raw r on r.organization_id = u.organization_id and r.received_at = uuid_v7_time(u.id) and r.id = u.id
            where u.organization_id = $1 and {Window} and r.id < $4
        ) r {PageJoins}
        where l.id is null and o.raw_id is null
        order by r.id desc limit $5
        """;

    internal const string OutcomeSql =
        $"""
        select {Entry} from (
            select r.* from raw_outcomes k
            cross join lateral (
                select * from leads_raw r
                where r.organization_id = k.organization_id and r.received_at = k.received_at and r.id = k.raw_id and {Window} limit 1
            ) r
            left join lateral (select x.id from leads x where x.organization_id = k.organization_id and x.id = k.raw_id limit 1) x on true
            where k.organization_id = $1 and k.outcome = $6 and k.raw_id < $4 and k.raw_id between {First} and {Last} and x.id is null
            order by k.raw_id desc limit $5
        ) r {PageJoins}
        order by r.id desc
        """;

    private const string FindSql =
        $"""
        select {Entry}, {OpenStore.RowColumns} from leads_raw r {StateJoins}
        where r.organization_id = $1 and r.received_at = uuid_v7_time($2) and r.id = $2
        """;

    private const int EntryColumns = 9;

    /// <summary>A page of an organization's entries, newest first.</summary>
    internal Task<RawPage> ListAsync(long organizationId, RawQuery query) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(query.State switch
        {
            null => AnySql,
            RawStates.Stored => StoredSql,
            RawStates.Pending => PendingSql,
            _ => OutcomeSql,
        });
        command.Bind(
            organizationId,
            (query.From ?? DateTimeOffset.UnixEpoch).UtcDateTime,
            (query.To ?? DateTimeOffset.MaxValue).UtcDateTime,
            query.Before ?? Guid.AllBitsSet,
            query.Limit + 1);
        if (command.CommandText == OutcomeSql)
        {
            command.Bind(query.State);
        }

        await using var row = await command.ExecuteReaderAsync();
        var entries = new List<RawEntry>();
        while (await row.ReadAsync())
        {
            entries.Add(Read(row));
        }

        return new RawPage([.. entries.Take(query.Limit)], entries.Count > query.Limit);
    });

    /// <summary>An entry with its bytes; null where an organization has none of this id.</summary>
    internal Task<RawDocument?> FindAsync(long organizationId, Guid id) => StorageFaults.GuardAsync(async () =>
        (await database.ReadAllAsync(FindSql, static row => new RawDocument(Read(row), ReadPost(row)), organizationId, id)).SingleOrDefault());

    private static RawEntry Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero),
        row.GetString(2),
        row.Text(3),
        row.IsDBNull(4) ? null : row.GetGuid(4),
        row.Text(5),
        row.Text(6),
        row.GetInt32(7),
        row.GetString(8));

    private static RawPost ReadPost(NpgsqlDataReader row) => OpenStore.ReadRow(row, EntryColumns).Post;
}
