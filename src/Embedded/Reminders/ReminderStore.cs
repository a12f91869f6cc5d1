using Npgsql;

namespace LeadGrain.Embedded.Reminders;

/// <summary>The reminders in the database.</summary>
internal sealed class ReminderStore(NpgsqlDataSource database)
{
    private const string All = "select grain_type, grain_key, name, start_at, period from embedded_reminders";

    private const string Sent = "select through from embedded_reminders_sent";

    private const string MarkSent = "update embedded_reminders_sent set through = $1";

    private const string Upsert =
        """
        insert into embedded_reminders (grain_type, grain_key, name, start_at, period) values ($1, $2, $3, $4, $5)
        on conflict (grain_type, grain_key, name) do update set start_at = excluded.start_at, period = excluded.period
        """;

    private const string Delete = "delete from embedded_reminders where grain_type = $1 and grain_key = $2 and name = $3";

    private const string NamesOfGrain =
        "select name from embedded_reminders where grain_type = $1 and grain_key = $2 order by name";

    internal async Task<List<ReminderRow>> ReadAllAsync(CancellationToken cancellationToken)
    {
        await using var command = Command(All);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var rows = new List<ReminderRow>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows.Add(new ReminderRow(
                new ReminderId(reader.GetString(0), reader.GetString(1), reader.GetString(2)),
                reader.GetFieldValue<DateTimeOffset>(3),
                reader.GetTimeSpan(4)));
        }

        return rows;
    }

    /// <summary>Every tick due by then has been sent.</summary>
    internal async Task<DateTimeOffset> ReadSentAsync(CancellationToken cancellationToken)
    {
        await using var command = Command(Sent);
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!);
    }

    internal async Task MarkSentAsync(DateTime through, CancellationToken cancellationToken)
    {
        await using var command = Command(MarkSent, through);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    internal async Task PutAsync(ReminderRow row, CancellationToken cancellationToken)
    {
        var (id, startAt, period) = row;
        await using var command = Command(Upsert, id.GrainType, id.GrainKey, id.Name, startAt, period);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    internal async Task DeleteAsync(ReminderId id, CancellationToken cancellationToken)
    {
        await using var command = Command(Delete, id.GrainType, id.GrainKey, id.Name);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    internal async Task<List<string>> ListNamesAsync(string grainType, string grainKey, CancellationToken cancellationToken)
    {
        await using var command = Command(NamesOfGrain, grainType, grainKey);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var names = new List<string>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }
}
