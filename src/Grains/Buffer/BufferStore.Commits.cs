using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>The hot path: what many namespaces decided, written in one statement, each part only under its claim's epoch.</summary>
internal sealed partial class BufferStore
{
    private const string PushSql =
        PullStatement.Fence +
        """
        , buffered as (
            insert into lead_buffer (namespace_id, seq, origin_id, pushed_at, email, external_id, data, priority)
            select fence.id, r.seq, r.origin_id, $3, r.email, r.external_id, r.data, r.priority
            from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::json[], $10::int[])
                as r (w, seq, origin_id, email, external_id, data, priority)
            join fence on fence.w = r.w
        )
        """;

    private const string PrioritizedSql =
        """
        , prioritized as (
            insert into held_leads (namespace_id, rank, seq)
            select fence.id, -r.priority, r.seq
            from unnest($4::bigint[], $5::bigint[], $10::int[]) as r (w, seq, priority)
            join fence on fence.w = r.w
            where r.priority <> 0
        )
        """;

    private const string PushedSql = " select w from fence";

    private static readonly string s_keepAnswers = PullStatement.KeepAnswers(firstParameter: 11);

    /// <summary>Writes what several namespaces decided about their leads, in one commit.</summary>
    /// <returns>In the order of the writes, what became of each.</returns>
    internal async Task<PullResult[]> CommitPullsAsync(IReadOnlyList<PullWrite> writes)
    {
        var parts = PullParameters.Parts(writes);
        try
        {
            return await CommitPullsAsync(writes, parts);
        }
        catch (PostgresException exception) when (Violates(exception, "served_leads_namespace_email_key"))
        {
            // Nothing was done. Some email was served before, unknown to its grain: the database is to tell which.
            return await CommitPullsAsync(writes, parts | PullParts.Careful);
        }
        catch (PostgresException exception) when (writes.Count == 1 && Violates(exception, "idempotency_keys_pkey"))
        {
            return [PullResult.Fenced.Value];
        }
    }

    private async Task<PullResult[]> CommitPullsAsync(IReadOnlyList<PullWrite> writes, PullParts parts)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(PullStatement.Of(parts), connection);
        PullParameters.Bind(command, writes, parts, time.GetUtcNow().UtcDateTime);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        var current = row.GetFieldValue<long[]>(0);
        var served = row.IsDBNull(1) ? null : row.GetFieldValue<Guid[]>(1).ToHashSet();
        var leased = row.IsDBNull(2) ? null : row.GetFieldValue<Guid[]>(2).ToHashSet();
        var results = new PullResult[writes.Count];
        Array.Fill(results, PullResult.Fenced.Value);
        foreach (var owner in current)
        {
            results[owner - 1] = Result(writes[(int)owner - 1], served, leased);
        }

        return results;
    }

    private static PullResult.Done Result(PullWrite write, HashSet<Guid>? served, HashSet<Guid>? leased)
    {
        if (served is null && write.Leased.Count == 0)
        {
            return PullResult.Done.All;
        }

        var missing = write.Served.Where(m => served is not null && !served.Contains(m.Id)).Select(m => m.Lead.Seq)
            .Concat(write.Leased.Where(l => !leased!.Contains(l.State.LeaseId!.Value)).Select(l => l.Lead.Seq))
            .ToHashSet();
        return missing.Count == 0 ? PullResult.Done.All : new PullResult.Done(missing);
    }

    /// <summary>Buffers leads of several namespaces, in one commit.</summary>
    /// <returns>In the order of the writes, whether each was done; false where its claim is no longer the newest, or a key of it was taken.</returns>
    internal async Task<bool[]> CommitPushesAsync(IReadOnlyList<PushWrite> writes)
    {
        var rows = PullParameters.Rows(writes, static w => w.Leads);
        var leads = rows.ConvertAll(static r => r.Row);
        var answers = PullParameters.Rows(writes, static w => w.Answers);
        var now = time.GetUtcNow().UtcDateTime;
        var sql = PushSql
            + (leads.Exists(static l => l.Lead.Priority != 0) ? PrioritizedSql : "")
            + (answers.Count > 0 ? s_keepAnswers : "")
            + PushedSql;
        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        PullParameters.BindFence(command, writes, static w => w.NamespaceId, static w => w.Epoch);
        command.Bind(
            now,
            Column(rows, static r => r.Owner),
            Column(leads, static l => l.Seq),
            Column(leads, static l => l.OriginId),
            Column(leads, static l => l.Lead.Email),
            Column(leads, static l => l.Lead.ExternalId));
        command.Parameters.Add(PullParameters.Json(Column(leads, static l => l.Lead.Data)));
        command.Bind(Column(leads, static l => l.Lead.Priority));
        if (answers.Count > 0)
        {
            PullParameters.BindAnswers(command, answers, now);
        }

        var done = new bool[writes.Count];
        try
        {
            await using var row = await command.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                done[row.GetInt64(0) - 1] = true;
            }
        }
        catch (PostgresException exception) when (writes.Count == 1 && Violates(exception, "idempotency_keys_pkey"))
        {
            done[0] = false;
        }

        return done;
    }

    private static TValue[] Column<TRow, TValue>(List<TRow> rows, Func<TRow, TValue> value) => rows.ConvertAll(r => value(r)).ToArray();

    private static bool Violates(PostgresException exception, string constraint)
        => exception.SqlState == PostgresErrorCodes.UniqueViolation && exception.ConstraintName == constraint;
}
