using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>Brings a database's schema to this version: forward only, each file once, whoever else tries at the same time.</summary>
internal sealed partial class Migrator(NpgsqlDataSource dataSource, TimeProvider time, ILogger<Migrator> logger)
{
    // Any number, as long as every version of the host takes the same.
    private const long AdvisoryLock = 0x1ead_6ae1_0000_0001;

    private const int Attempts = 10;

    private sealed record Applied(string Name, string Checksum);

    /// <summary>The folder beside the binary with the schema's files.</summary>
    public static string DefaultFolder => Path.Combine(AppContext.BaseDirectory, "sql");

    /// <summary>
    /// How long a file may wait for a table in use. Queries queue up behind one that waits, so it gives up soon and comes
    /// back, ever later, up to ten times.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Applies what is missing of each folder's own files, folder by folder.</summary>
    /// <returns>How many files were applied.</returns>
    /// <exception cref="MigrationException">
    /// An applied file has changed, the database is newer than the files, or a file failed. That file left no trace.
    /// </exception>
    public async Task<int> ApplyAsync(CancellationToken cancellationToken, params IReadOnlyList<string> folders)
    {
        var files = new List<IReadOnlyList<MigrationFile>>();
        foreach (var folder in folders)
        {
            files.Add(await MigrationFile.ReadAllAsync(folder, cancellationToken));
        }
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        try
        {
            var count = 0;
            foreach (var source in files.Where(f => f.Count > 0))
            {
                foreach (var file in Pending(source, await ReadAppliedAsync(connection, source[0].Source, cancellationToken)))
                {
                    await ApplyWithRetriesAsync(connection, file, cancellationToken);
                    count++;
                }
            }
            return count;
        }
        catch (PostgresException homeless) when (homeless.SqlState == PostgresErrorCodes.InvalidSchemaName)
        {
            throw new MigrationException("The connection's search path names no schema that exists. Create it first.", homeless);
        }
        finally
        {
            await UnlockAsync(connection);
        }
    }

    /// <summary>The files still to be applied, once all that were applied are found unchanged.</summary>
    private static IEnumerable<MigrationFile> Pending(
        IReadOnlyList<MigrationFile> files, SortedList<int, Applied> applied)
    {
        var byVersion = files.ToDictionary(f => f.Version);
        foreach (var (version, row) in applied)
        {
            if (!byVersion.TryGetValue(version, out var file))
            {
                throw new MigrationException(version > files[^1].Version
                    ? $"The database is newer than this program: it has {row.Name}, and {files[^1].Name} is the last known here. "
                        + "Start a newer version."
                    : $"The database has {row.Name}, which this program does not know. It was made by another line of versions.");
            }
            if (file.Checksum != row.Checksum)
            {
                throw new MigrationException(
                    $"{file.Name} was changed after it had been applied to the database. Restore it and put the change in a new file.");
            }
        }
        var last = applied.Count == 0 ? 0 : applied.Keys[^1];
        return files.Where(f => !applied.ContainsKey(f.Version)).Select(f => f.Version > last
            ? f
            : throw new MigrationException($"{f.Name} comes before {applied[last].Name}, which the database already has. Number it anew."));
    }

    private async Task ApplyWithRetriesAsync(
        NpgsqlConnection connection, MigrationFile file, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var began = time.GetTimestamp();
                await ApplyOneAsync(connection, file, cancellationToken);
                var took = time.GetElapsedTime(began);
                LogApplied(file.Source, file.Name, took);
                return;
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < Attempts)
            {
                LogBusy(file.Source, file.Name, attempt);
                await Task.Delay(LockTimeout * attempt / 5, time, cancellationToken);
            }
            catch (PostgresException failed)
            {
                throw new MigrationException(
                    $"{file.Name} failed and was rolled back: {failed.SqlState} {failed.MessageText}", failed);
            }
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "The files are the schema, shipped with the program.")]
    private async Task ApplyOneAsync(
        NpgsqlConnection connection, MigrationFile file, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(
            connection,
            $"set local lock_timeout = {(long)LockTimeout.TotalMilliseconds}; set local statement_timeout = 0",
            cancellationToken);
        await ExecuteAsync(connection, file.Sql, cancellationToken);
        await using var record = new NpgsqlCommand(
            "insert into schema_migrations (source, version, name, checksum) values ($1, $2, $3, $4)", connection)
        {
            Parameters =
            {
                new() { Value = file.Source }, new() { Value = file.Version }, new() { Value = file.Name },
                new() { Value = file.Checksum },
            },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<SortedList<int, Applied>> ReadAppliedAsync(
        NpgsqlConnection connection, string source, CancellationToken cancellationToken)
    {
        const string Table = """
            create table if not exists schema_migrations (
                source text not null,
                version int not null,
                name text not null,
                checksum text not null,
                applied_at timestamptz not null default now(),
                constraint schema_migrations_pkey primary key (source, version)
            )
            """;
        await ExecuteAsync(connection, Table, cancellationToken);
        await using var command = new NpgsqlCommand(
            "select version, name, checksum from schema_migrations where source = $1", connection)
        {
            Parameters = { new() { Value = source } },
        };
        var applied = new SortedList<int, Applied>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetInt32(0), new Applied(reader.GetString(1), reader.GetString(2)));
        }
        return applied;
    }

    private static async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await ExecuteAsync(
            connection, $"set lock_timeout = 0; set statement_timeout = 0; select pg_advisory_lock({AdvisoryLock})", cancellationToken);

    private static async Task UnlockAsync(NpgsqlConnection connection)
    {
        // A broken connection has lost its lock anyway.
        if (connection.FullState == System.Data.ConnectionState.Open)
        {
            await ExecuteAsync(
                connection,
                $"select pg_advisory_unlock({AdvisoryLock}); reset lock_timeout; reset statement_timeout",
                CancellationToken.None);
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "Called with constants and the schema's files.")]
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // No time-out: a large table takes what it takes, and another process may be at it before us.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied {Source}/{Name} in {Took}")]
    private partial void LogApplied(string source, string name, TimeSpan took);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Source}/{Name} waits for a table in use, attempt {Attempt}")]
    private partial void LogBusy(string source, string name, int attempt);
}
