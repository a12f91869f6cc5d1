using System.Text;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Grains.Routing;

/// <summary>Routed leads in PostgreSQL: commits, what is known of an email, lists.</summary>
internal sealed partial class RoutedLeadStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists,
    HotSessions hot, IOptions<RoutingOptions> options, TimeProvider time)
{
    // A second process may make a day's first row between two looks; a third look always finds it.
    private const int MostTries = 3;

    // Enough to know the targets of an email that comes again and again. Leads that waited in the holding pool, and are older than the
    // look-back, count from when they left it.
    internal const string HistorySql =
        """
        select q.w, s.reasons, r.campaigns, r.namespaces, r.times
        from unnest($1::bigint[], $2::text[], $3::bytea[], $4::uuid[], $5::timestamptz[]) with ordinality
            as q (organization_id, email_key, hash, since, since_at, w)
        left join lateral (
            select array_agg(reason) as reasons from suppressions
            where organization_id = q.organization_id and email_hash = q.hash
        ) s on true
        left join lateral (
            select array_agg(campaign_id) as campaigns, array_agg(namespace) as namespaces, array_agg(at) as times
            from (
                (
                    select campaign_id, namespace, coalesce(routed_at, created_at) as at from routed_leads
                    where organization_id = q.organization_id and email_key = q.email_key and id >= q.since
                        and status in ('HELD', 'ACTIVE') and rule_id is not null
                    order by id desc limit 100
                )
                union all
                (
                    select campaign_id, namespace, routed_at from routed_leads
                    where organization_id = q.organization_id and email_key = q.email_key and routed_at >= q.since_at and id < q.since
                        and status in ('HELD', 'ACTIVE') and rule_id is not null
                    order by routed_at desc limit 100
                )
            ) recent
        ) r on true
        where s.reasons is not null or r.times is not null
        """;

    /// <summary>Writes what was decided of new leads of any number of organizations, in one commit.</summary>
    /// <returns>In the order of the writes, what became of each.</returns>
    internal Task<IngestCommit[]> CommitAsync(IReadOnlyList<IngestWrite> writes) => CommitAsync(writes, fromPool: false);

    /// <summary>Writes what was decided of leads of the holding pool, in one commit.</summary>
    /// <returns>In the order of the writes, what became of each.</returns>
    internal Task<IngestCommit[]> CommitPoolAsync(IReadOnlyList<IngestWrite> writes) => CommitAsync(writes, fromPool: true);

    private async Task<IngestCommit[]> CommitAsync(IReadOnlyList<IngestWrite> writes, bool fromPool)
    {
        var parts = new IngestParts(
            fromPool,
            RuleCaps: writes.Any(static w => w.Cap is not null),
            Campaigns: writes.Any(static w => w.Target?.CampaignId is not null),
            Keys: writes.Any(static w => w.Key is not null),
            Deliveries: writes.Any(static w => w.Delivery is not null));
        var now = time.GetUtcNow();
        await using var session = await hot.RentAsync();
        for (var tries = 0; ; tries++)
        {
            if (await CommitAsync(session, parts, writes, now) is { } results)
            {
                return results;
            }

            if (tries == MostTries)
            {
                throw new InvalidOperationException("The rows that count caps cannot be made.");
            }

            await MakeRowsAsync(session, writes, now);
        }
    }

    // Null where rows that count are missing, once a day for each: nothing was done then.
    private async Task<IngestCommit[]?> CommitAsync(
        HotSession session, IngestParts parts, IReadOnlyList<IngestWrite> writes, DateTimeOffset now)
    {
        await using var command = session.Command(IngestStatement.Of(parts));
        command.Bind(now.UtcDateTime);
        BindLeads(command, writes);
        AuditStore.Bind(command, [.. writes.Select(static (w, i) => ((long)i + 1, w.Audit))], now);
        if (parts.RuleCaps)
        {
            command.Bind(Column(writes, static w => w.Day), Column(writes, static w => w.Cap));
        }

        if (parts.FromPool)
        {
            command.Bind(options.Value.NamespaceRetryAfter);
        }

        if (parts.Keys && !parts.FromPool)
        {
            command.Bind(
                Column(writes, static _ => (short)KeyedRoute.Ingest), Column(writes, static w => w.Key?.Key), Column(writes, static w => w.Key?.Body));
        }

        if (parts.Deliveries && !parts.FromPool)
        {
            command.Bind(Column(writes, static w => w.Delivery?.Body), Column(writes, static w => w.Delivery?.Id));
        }

        var results = new IngestCommit[writes.Count];
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            if (row.GetInt64(0) == IngestStatement.RowsAreMissing)
            {
                return null;
            }

            results[row.GetInt64(0) - 1] = (IngestCommit)row.GetInt32(1);
        }

        return results;
    }

    private static async Task MakeRowsAsync(HotSession session, IReadOnlyList<IngestWrite> writes, DateTimeOffset now)
    {
        await using var command = session.Command(IngestStatement.MakeRows);
        command.Bind(
            now.UtcDateTime,
            Column(writes, static w => w.OrganizationId),
            Column(writes, static w => w.Rule?.Id),
            Column(writes, static w => w.Day),
            Column(writes, static w => w.Cap),
            Column(writes, static w => w.Target?.CampaignId));
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>What is stored of several emails, in their order.</summary>
    internal async Task<EmailHistory[]> LookUpAsync(IReadOnlyList<HistoryQuery> queries)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(HistorySql);
        command.Bind(
            Column(queries, static q => q.OrganizationId),
            Column(queries, static q => q.EmailKey),
            Column(queries, static q => q.EmailHash),
            Column(queries, static q => RoutedLeadIds.FloorOf(q.Since)),
            Column(queries, static q => q.Since.UtcDateTime));
        var found = new EmailHistory[queries.Count];
        Array.Fill(found, EmailHistory.None);
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            found[row.GetInt64(0) - 1] = ReadHistory(row);
        }

        return found;
    }

    private static EmailHistory ReadHistory(NpgsqlDataReader row)
    {
        string[] reasons = row.IsDBNull(1) ? [] : row.GetFieldValue<string[]>(1);
        if (row.IsDBNull(4))
        {
            return new EmailHistory(reasons, []);
        }

        var campaigns = row.GetFieldValue<string?[]>(2);
        var namespaces = row.GetFieldValue<string?[]>(3);
        var times = row.GetFieldValue<DateTime[]>(4);
        return new EmailHistory(
            reasons, [.. times.Select((at, i) => (new RuleTarget(campaigns[i], namespaces[i]), new DateTimeOffset(at, TimeSpan.Zero)))]);
    }

    private static void BindLeads(NpgsqlCommand command, IReadOnlyList<IngestWrite> writes)
    {
        command.Bind(
            Column(writes, static w => w.OrganizationId),
            Column(writes, static w => w.Id),
            Column(writes, static w => w.Lead.Email),
            Column(writes, static w => EmailKey.Of(w.Lead.Email)),
            Column(writes, static w => w.Lead.Persona),
            Column(writes, static w => w.Lead.Score));
        command.Parameters.Add(CommandParameters.Json(Column(writes, static w => w.Lead.Data)));
        command.Bind(
            Column(writes, static w => w.Lead.Source),
            Column(writes, static w => w.Health.Word),
            Column(writes, static w => w.Health.Score));
        command.Parameters.Add(CommandParameters.Json(Column(writes, static w => ChecksOf(w.Health))));
        command.Bind(
            Column(writes, static w => w.Status),
            Column(writes, static w => w.Target?.CampaignId),
            Column(writes, static w => w.Rule?.Id),
            Column(writes, static w => w.Target?.Namespace),
            Column(writes, static w => w.Epoch));
    }

    private static byte[] ChecksOf(Health health)
        => health.Checks.IsEmpty ? "[]"u8.ToArray() : JsonSerializer.SerializeToUtf8Bytes(health.Checks, RoutingJson.Default.ImmutableArrayHealthCheck);

    private static TValue[] Column<TRow, TValue>(IReadOnlyList<TRow> rows, Func<TRow, TValue> value) => rows.Column(value);

    private static byte[] Utf8(NpgsqlDataReader row, int column) => Encoding.UTF8.GetBytes(row.GetString(column));
}
