using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Enrichment;

/// <summary>The tables enrichments and enrichment_calls.</summary>
/// <remarks>Every method throws <see cref="StorageUnavailableException"/> where the database fails it.</remarks>
internal sealed class EnrichmentStore(NpgsqlDataSource database)
{
    private const string SelectEntry = """
        select id, found, first_name, last_name, title, linkedin_url,
            organization_name, organization_domain, organization_industry, organization_size, fetched_at
        from enrichments
        where email_key = @email_key
        """;

    /// <summary>The cache entry of an email, fresh or not.</summary>
    public Task<EnrichmentEntry?> LoadAsync(string emailKey) =>
        StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(SelectEntry);
            command.Parameters.AddWithValue("email_key", emailKey);
            await using var reader = await command.ExecuteReaderAsync();
            return await ReadEntryAsync(reader);
        });

    private const string CloseSilentCalls = """
        update enrichment_calls
        set outcome = 'lost', finished_at = @started_at
        where email_key = @email_key and outcome is null and started_at <= @silent_since
        """;

    private const string RemoveUnsureIntents = """
        delete from enrichment_calls where id = any(@unsure) and outcome is null
        """;

    private const string InsertIntent = """
        insert into enrichment_calls (id, email_key, provider, app_id, org_id, started_at)
        values (@id, @email_key, @provider, @app_id, @org_id, @started_at)
        on conflict (email_key) where outcome is null do nothing
        """;

    private const string SelectOpenCall = """
        select id, started_at from enrichment_calls where email_key = @email_key and outcome is null
        """;

    /// <summary>
    /// Commits the intent, unless a fresh entry or an open call stands against it. The entry is read after the insert, under
    /// a snapshot of its own: an insert that had to wait for another's settlement would not have seen it before.
    /// </summary>
    /// <param name="silentSince">Open calls that started no later than this are closed as lost.</param>
    /// <param name="isFresh">Whether an entry makes the call needless.</param>
    public Task<IntentOutcome> OpenAsync(EnrichmentIntent intent, DateTimeOffset silentSince, Func<EnrichmentEntry, bool> isFresh) =>
        StorageFaults.GuardAsync<IntentOutcome>(async () =>
        {
            await using var connection = await database.OpenConnectionAsync();
            // Read committed, whatever the database's default: see the summary.
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted);
            await using var batch = OpeningBatch(connection, intent, silentSince);
            var (openCall, since, entry) = await ReadStandingAsync(batch, intent);
            if (entry is not null && isFresh(entry))
            {
                await transaction.RollbackAsync();
                return new IntentOutcome.Answered(entry);
            }

            await transaction.CommitAsync();
            return openCall == intent.CallId
                ? new IntentOutcome.Opened(entry, (int)batch.BatchCommands[1].RecordsAffected)
                : new IntentOutcome.Held(since);
        });

    private static async Task<(Guid OpenCall, DateTimeOffset Since, EnrichmentEntry? Entry)> ReadStandingAsync(
        NpgsqlBatch batch, EnrichmentIntent intent)
    {
        await using var reader = await batch.ExecuteReaderAsync();
        // None open: another's call stood against the insert, and ended before the look.
        var (openCall, since) = await reader.ReadAsync()
            ? (reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1))
            : (Guid.Empty, intent.StartedAt);
        await reader.NextResultAsync();
        return (openCall, since, await ReadEntryAsync(reader));
    }

    private static NpgsqlBatch OpeningBatch(NpgsqlConnection connection, EnrichmentIntent intent, DateTimeOffset silentSince)
    {
        var batch = connection.CreateBatch();
        batch.BatchCommands.Add(With(RemoveUnsureIntents, ("unsure", intent.Unsure.ToArray())));
        batch.BatchCommands.Add(With(CloseSilentCalls,
            ("email_key", intent.EmailKey), ("started_at", intent.StartedAt), ("silent_since", silentSince)));
        batch.BatchCommands.Add(With(InsertIntent,
            ("id", intent.CallId), ("email_key", intent.EmailKey), ("provider", intent.Provider),
            ("app_id", intent.Requester.App), ("org_id", intent.Requester.Org), ("started_at", intent.StartedAt)));
        batch.BatchCommands.Add(With(SelectOpenCall, ("email_key", intent.EmailKey)));
        batch.BatchCommands.Add(With(SelectEntry, ("email_key", intent.EmailKey)));
        return batch;
    }

    private static NpgsqlBatchCommand With(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    // A lost row gives way: its owner was slow, not dead, and knows better.
    private const string CloseCall = """
        update enrichment_calls
        set outcome = @outcome, finished_at = @finished_at, http_status = @http_status, credits = @credits
        where id = @id and (outcome is null or outcome = 'lost')
        """;

    // An entry is only ever replaced by a later answer, so that a repeat, or a latecomer, changes nothing.
    private const string UpsertEntry = """
        insert into enrichments (
            id, email_key, found, first_name, last_name, title, linkedin_url,
            organization_name, organization_domain, organization_industry, organization_size, response_raw, provider, fetched_at)
        values (
            @entry_id, @email_key, @found, @first_name, @last_name, @title, @linkedin_url,
            @organization_name, @organization_domain, @organization_industry, @organization_size, @response_raw, @provider, @fetched_at)
        on conflict (email_key) do update set
            found = excluded.found, first_name = excluded.first_name, last_name = excluded.last_name, title = excluded.title,
            linkedin_url = excluded.linkedin_url, organization_name = excluded.organization_name,
            organization_domain = excluded.organization_domain, organization_industry = excluded.organization_industry,
            organization_size = excluded.organization_size, response_raw = excluded.response_raw,
            provider = excluded.provider, fetched_at = excluded.fetched_at
        where enrichments.fetched_at < excluded.fetched_at
        """;

    /// <summary>Closes the call and stores its answer, in one transaction. Can be repeated safely.</summary>
    /// <returns>The entry that the email now has.</returns>
    public Task<EnrichmentEntry?> SettleAsync(Settlement settlement) =>
        StorageFaults.GuardAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync();
            // A batch is one implicit transaction.
            await using var batch = connection.CreateBatch();
            batch.BatchCommands.Add(CloseCommand(settlement));
            if (settlement.Entry is { } entry)
            {
                batch.BatchCommands.Add(UpsertCommand(settlement, entry));
            }

            batch.BatchCommands.Add(With(SelectEntry, ("email_key", settlement.EmailKey)));
            await using var reader = await batch.ExecuteReaderAsync();
            var stored = await ReadEntryAsync(reader);
            // An error in the implicit transaction's end shows only when the results are read to theirs.
            while (await reader.NextResultAsync())
            {
            }

            return stored;
        });

    private static NpgsqlBatchCommand CloseCommand(Settlement settlement)
    {
        var command = With(CloseCall,
            ("id", settlement.CallId), ("outcome", settlement.Answer.Outcome), ("finished_at", settlement.FinishedAt));
        command.Parameters.Add(Nullable("http_status", NpgsqlDbType.Integer, settlement.Answer.HttpStatus));
        command.Parameters.Add(Nullable("credits", NpgsqlDbType.Integer, settlement.Answer.Credits));
        return command;
    }

    private static NpgsqlBatchCommand UpsertCommand(Settlement settlement, EnrichmentEntry entry)
    {
        var command = With(UpsertEntry,
            ("entry_id", entry.Id), ("email_key", settlement.EmailKey), ("found", entry.Profile is not null),
            ("provider", settlement.Provider), ("fetched_at", entry.FetchedAt));
        var profile = entry.Profile;
        NpgsqlParameter[] nullable =
        [
            Text("first_name", profile?.FirstName),
            Text("last_name", profile?.LastName),
            Text("title", profile?.Title),
            Text("linkedin_url", profile?.LinkedinUrl),
            Text("organization_name", profile?.OrganizationName),
            Text("organization_domain", profile?.OrganizationDomain),
            Text("organization_industry", profile?.OrganizationIndustry),
            Text("organization_size", profile?.OrganizationSize),
            Nullable("response_raw", NpgsqlDbType.Json, settlement.Raw.IsEmpty ? null : (object)settlement.Raw),
        ];
        command.Parameters.AddRange(nullable);
        return command;
    }

    private static NpgsqlParameter Text(string name, string? value) => Nullable(name, NpgsqlDbType.Text, value);

    private static NpgsqlParameter Nullable(string name, NpgsqlDbType type, object? value) =>
        new(name, type) { Value = value ?? DBNull.Value };

    private static async Task<EnrichmentEntry?> ReadEntryAsync(NpgsqlDataReader reader)
    {
        if (!await reader.ReadAsync())
        {
            return null;
        }

        string? Column(int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
        var profile = reader.GetBoolean(1)
            ? new PersonProfile(Column(2), Column(3), Column(4), Column(5), Column(6), Column(7), Column(8), Column(9))
            : null;
        return new EnrichmentEntry(reader.GetGuid(0), profile, reader.GetFieldValue<DateTimeOffset>(10));
    }
}
