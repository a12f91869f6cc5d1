using System.Text.Json;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Routing;

/// <summary>What was routed, for lists and for leads on their way into a namespace.</summary>
internal sealed partial class RoutedLeadStore
{
    private const string Columns =
        """
        select r.id, r.email, r.persona, r.score, r.source, r.data::text, r.health, r.health_score, r.checks::text, r.status,
            r.campaign_id, r.namespace, r.rule_id, r.engagement, r.created_at, r.updated_at,
            (select c.kind from campaigns c where c.organization_id = r.organization_id and c.campaign_id = r.campaign_id) as kind
        from routed_leads r
        """;

    internal const string ListSql =
        $"""
        {Columns}
        where r.organization_id = $1 and r.id < $2 and r.id >= $3
            and ($4::text is null or r.status = $4) and ($5::text is null or r.campaign_id = $5) and ($6::text is null or r.health = $6)
            and r.created_at >= $7 and r.created_at < $8
        order by r.id desc limit $9
        """;

    private const string GetSql = $"{Columns} where r.organization_id = $1 and r.id = $2";

    private static readonly string s_arrivedSql =
        $"""
        with done as (
            update routed_leads r set status = 'ACTIVE', updated_at = $2
            from unnest($1::uuid[]) with ordinality as a (id, w)
            where r.id = a.id and r.status = 'HELD'
            returning a.w
        )
        {AuditStore.Append(firstParameter: 3)} join done on done.w = entry.w
        """;

    /// <summary>A page, newest first; of large leads fewer than it may have.</summary>
    internal Task<RoutedLeadPage> ListAsync(long organizationId, RoutedLeadQuery query) => StorageFaults.GuardAsync(async () =>
    {
        var (found, hasMore) = await lists.ReadPageAsync(
            ListSql,
            Read,
            SizeOf,
            query.Limit,
            (last, count) =>
            [
                organizationId,
                last?.Id ?? query.Before ?? Guid.AllBitsSet,
                RoutedLeadIds.FloorOfWritten(query.From ?? DateTimeOffset.UnixEpoch),
                query.Status,
                query.CampaignId,
                query.Health,
                query.From?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc),
                query.To?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc),
                count,
            ]);
        return new RoutedLeadPage([.. found], hasMore);
    });

    /// <summary>One lead; null where the organization has none of that id.</summary>
    internal async Task<RoutedLead?> GetAsync(long organizationId, Guid id)
        => (await StorageFaults.GuardAsync(() => database.ReadAllAsync(GetSql, Read, organizationId, id))).FirstOrDefault();

    /// <summary>Notes that namespaces have leads.</summary>
    internal async Task<bool[]> ArriveAsync(IReadOnlyList<NamespaceArrival> arrivals)
    {
        var now = time.GetUtcNow();
        await using var session = await hot.RentAsync();
        await using var command = session.Command(s_arrivedSql);
        command.Bind(Column(arrivals, static a => a.LeadId), now.UtcDateTime);
        AuditStore.Bind(command, [.. arrivals.Select(static (a, i) => ((long)i + 1, a.Audit))], now);
        await command.ExecuteNonQueryAsync();
        return new bool[arrivals.Count];
    }

    // The whole body: what else there is of a lead is a part of it, or short.
    private static long SizeOf(RoutedLead lead) => lead.Data.Length;

    private static RoutedLead Read(NpgsqlDataReader row) => Read(row, first: 0);

    // Columns, from this one on.
    private static RoutedLead Read(NpgsqlDataReader row, int first) => new(
        row.GetGuid(first),
        row.GetString(first + 1),
        Text(row, first + 2),
        row.IsDBNull(first + 3) ? null : row.GetDouble(first + 3),
        row.GetString(first + 4),
        Utf8(row, first + 5),
        new Health(
            row.GetString(first + 6) switch { "GREEN" => HealthClass.Green, "YELLOW" => HealthClass.Yellow, _ => HealthClass.Red },
            row.GetInt32(first + 7),
            JsonSerializer.Deserialize(row.GetString(first + 8), RoutingJson.Default.ImmutableArrayHealthCheck)),
        row.GetString(first + 9),
        row.IsDBNull(first + 10) && row.IsDBNull(first + 11) ? null : new RuleTarget(Text(row, first + 10), Text(row, first + 11)),
        row.IsDBNull(first + 12) ? null : row.GetGuid(first + 12),
        Text(row, first + 13),
        new DateTimeOffset(row.GetDateTime(first + 14), TimeSpan.Zero),
        new DateTimeOffset(row.GetDateTime(first + 15), TimeSpan.Zero),
        Text(row, first + 16));

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>That a namespace has a lead.</summary>
internal sealed record NamespaceArrival(Guid LeadId, AuditEntry Audit);
