using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Storage;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Ingestion;

/// <summary>The second commit: leads and outcomes of raw rows.</summary>
internal sealed class SettleStore(HotSessions hot)
{
    // What does not end by then is put off, and its connection is given back.
    private const int LongestSeconds = 10;

    private const string Columns =
        """
        organization_id, id, created_at, click_id, country, creo, description, domain, email, first_name, ip, lang, last_name, marker, offer,
        phone, sourcetype, extra, idempotency_key, body_hash
        """;

    private const string InsertLeads =
        $"""
        insert into leads ({Columns}, updated_at)
        select {Columns}, created_at from unnest(
            $1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
            $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::json[], $19::text[], $20::bytea[])
        as l ({Columns})
        """;

    // Done already by whoever was faster: then there is nothing to do.
    private const string MissingLeadsSql = $"{InsertLeads} on conflict do nothing";

    // What came of a lead since it was made (status, assignee, notes) is left alone.
    private const string RenewLeadsSql =
        $"""
        with renewed as (
            {InsertLeads}
            on conflict (organization_id, id) do update set
                click_id = excluded.click_id, country = excluded.country, creo = excluded.creo, description = excluded.description,
                domain = excluded.domain, email = excluded.email, first_name = excluded.first_name, ip = excluded.ip, lang = excluded.lang,
                last_name = excluded.last_name, marker = excluded.marker, offer = excluded.offer, phone = excluded.phone,
                sourcetype = excluded.sourcetype, extra = excluded.extra, body_hash = excluded.body_hash
            returning organization_id, id
        )
        delete from raw_outcomes o using renewed r where o.organization_id = r.organization_id and o.raw_id = r.id
        """;

    private const string InsertOutcomes =
        """
        insert into raw_outcomes (organization_id, raw_id, received_at, outcome, reason, lead_id)
        select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::uuid[])
        """;

    private const string OutcomesSql = $"{InsertOutcomes} on conflict do nothing";

    private const string RenewOutcomesSql =
        $"""
        {InsertOutcomes}
        on conflict (organization_id, raw_id) do update set
            outcome = excluded.outcome, reason = excluded.reason, lead_id = excluded.lead_id, settled_at = now()
        """;

    private const string CloseSql = "delete from raw_open where id = $1";

    // Of this transaction. Until its record is on the disk, a crash takes back both: the leads and that their list is closed, and
    // the list's rows, which are on the disk, are finished once more. Whatever else is promised is written behind that record.
    private const string LazySql = "select set_config('synchronous_commit', 'off', true)";

    /// <summary>Writes what became of rows, all or none, and takes them off the list of the unfinished. What stands stays.</summary>
    /// <param name="rows">What to write.</param>
    /// <param name="openId">Of their list, where they are all of it.</param>
    internal async Task SettleAsync(IReadOnlyList<Settled> rows, Guid? openId)
    {
        try
        {
            await SettleAsync(rows, openId, Standing.None);
        }
        catch (PostgresException twice) when (twice.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Looking for each lead first would cost those too that are new, and hardly any is not.
            await SettleAsync(rows, openId, Standing.Stays);
        }
    }

    private async Task SettleAsync(IReadOnlyList<Settled> rows, Guid? openId, Standing standing)
    {
        await using var session = await hot.RentAsync();
        await using var batch = session.Connection.CreateBatch();
        batch.Timeout = LongestSeconds;
        batch.BatchCommands.Add(new NpgsqlBatchCommand(LazySql));
        Add(batch, rows, standing);
        if (openId is { } id)
        {
            var close = new NpgsqlBatchCommand(CloseSql);
            close.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
            batch.BatchCommands.Add(close);
        }

        if (batch.BatchCommands.Count > 1)
        {
            await batch.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Adds the statements that write what became of rows. The commands of a batch are one transaction.</summary>
    /// <param name="batch">To add to.</param>
    /// <param name="rows">What to write.</param>
    /// <param name="standing">What becomes of what stands already.</param>
    internal static void Add(NpgsqlBatch batch, IReadOnlyList<Settled> rows, Standing standing)
    {
        var leads = 0;
        for (var i = 0; i < rows.Count; i++)
        {
            leads += rows[i].Verdict is Verdict.Lead ? 1 : 0;
        }

        if (leads > 0)
        {
            var command = new NpgsqlBatchCommand(standing switch
            {
                Standing.None => InsertLeads,
                Standing.Stays => MissingLeadsSql,
                _ => RenewLeadsSql,
            });
            BindLeads(command.Parameters, rows, leads);
            batch.BatchCommands.Add(command);
        }

        if (leads < rows.Count)
        {
            var command = new NpgsqlBatchCommand(standing == Standing.Renewed ? RenewOutcomesSql : OutcomesSql);
            BindOutcomes(command.Parameters, rows, rows.Count - leads);
            batch.BatchCommands.Add(command);
        }
    }

    private static void BindLeads(NpgsqlParameterCollection parameters, IReadOnlyList<Settled> rows, int count)
    {
        var (organizations, ids, times) = (new long[count], new Guid[count], new DateTime[count]);
        var (extras, keys, hashes) = (new byte[]?[count], new string?[count], new byte[count][]);
        var fields = new string?[LeadFields.Count][];
        for (var field = 0; field < fields.Length; field++)
        {
            fields[field] = new string?[count];
        }

        var at = 0;
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Verdict is not Verdict.Lead { Made: var lead })
            {
                continue;
            }

            var row = rows[i].Row;
            (organizations[at], ids[at], times[at]) = (row.OrganizationId, row.Id, row.ReceivedAt);
            (extras[at], keys[at], hashes[at]) = (lead.Extra, row.Post.Key, row.BodyHash);
            for (var field = 0; field < fields.Length; field++)
            {
                fields[field][at] = lead.Fields[field];
            }

            at++;
        }

        Add(parameters, organizations);
        Add(parameters, ids);
        Add(parameters, times);
        foreach (var field in fields)
        {
            Add(parameters, field);
        }

        parameters.Add(new NpgsqlParameter { Value = extras, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json });
        Add(parameters, keys);
        Add(parameters, hashes);
    }

    private static void BindOutcomes(NpgsqlParameterCollection parameters, IReadOnlyList<Settled> rows, int count)
    {
        var (organizations, ids, times) = (new long[count], new Guid[count], new DateTime[count]);
        var (outcomes, reasons, leads) = (new string[count], new string?[count], new Guid?[count]);
        var at = 0;
        foreach (var (row, verdict) in rows)
        {
            if (verdict is Verdict.Lead)
            {
                continue;
            }

            (organizations[at], ids[at], times[at]) = (row.OrganizationId, row.Id, row.ReceivedAt);
            (outcomes[at], reasons[at], leads[at]) = verdict switch
            {
                Verdict.Repeat repeat => (repeat.OtherBytes ? RawStates.Conflict : RawStates.Duplicate, null, repeat.LeadId),
                Verdict.Failed failed => (RawStates.Failed, failed.Reason, (Guid?)null),
                _ => (RawStates.Invalid, ((Verdict.Invalid)verdict).Reason, null),
            };
            at++;
        }

        Add(parameters, organizations);
        Add(parameters, ids);
        Add(parameters, times);
        Add(parameters, outcomes);
        Add(parameters, reasons);
        Add(parameters, leads);
    }

    private static void Add<T>(NpgsqlParameterCollection parameters, T values) => parameters.Add(new NpgsqlParameter<T> { TypedValue = values });
}

/// <summary>What becomes of leads and outcomes that stand already.</summary>
internal enum Standing
{
    /// <summary>None is expected to; where one lead does, nothing is written.</summary>
    None,

    /// <summary>They stay as they are.</summary>
    Stays,

    /// <summary>They are written anew.</summary>
    Renewed,
}
