using Npgsql;

namespace LeadGrain.Embedded.Ownership;

/// <summary>The advisory lock that makes one process the owner of a database, on a connection of its own.</summary>
internal sealed class DatabaseLock : IAsyncDisposable
{
    // Any constant will do; advisory locks are per database. These are the bytes of "LEADGRID".
    private const long Key = 0x4C45414447524944;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private DatabaseLock(NpgsqlDataSource source) => (_source, _connection) = (source, source.CreateConnection());

    /// <summary>The owner's number: one higher than that of every owner before it.</summary>
    internal long Term { get; private set; }

    /// <summary>Waits for the lock, then makes sure that no earlier owner can write any more.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="silence">The longest silence of this owner that the database bears before it ends the lock.</param>
    /// <param name="standingBy">Called once if another process holds the lock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    internal static async Task<DatabaseLock> TakeAsync(
        string connectionString, TimeSpan silence, Action standingBy, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "leadgrain-owner",
            Pooling = false,
            TcpKeepAlive = true,
        };
        var taken = new DatabaseLock(
            new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = settings.ApplicationName }.Build());
        try
        {
            await taken.LockAsync(standingBy, cancellationToken).ConfigureAwait(false);
            await taken.TakeOverAsync(silence, cancellationToken).ConfigureAwait(false);
            return taken;
        }
        catch
        {
            await taken.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Watches the lock until it is lost.</summary>
    /// <exception cref="NpgsqlException">The lock is lost.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop watching.</exception>
    internal async Task WatchAsync(TimeSpan heartbeat, TimeSpan silence, CancellationToken cancellationToken)
    {
        await using var beat = new NpgsqlCommand("select 1", _connection) { CommandTimeout = Seconds(silence) };
        while (true)
        {
            // Returns after the heartbeat, or throws at once when the connection breaks.
            await _connection.WaitAsync(heartbeat, cancellationToken).ConfigureAwait(false);
            await beat.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Gives the lock back by closing its connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));

    private async Task LockAsync(Action standingBy, CancellationToken cancellationToken)
    {
        await _connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var attempt = new NpgsqlCommand("select pg_try_advisory_lock($1)", _connection) { Parameters = { new() { Value = Key } } };
        if (await attempt.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true)
        {
            return;
        }

        standingBy();
        await using var wait = new NpgsqlCommand("select pg_advisory_lock($1)", _connection)
        {
            Parameters = { new() { Value = Key } },
            CommandTimeout = 0, // a standby waits for as long as the owner lives
        };
        await wait.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task TakeOverAsync(TimeSpan silence, CancellationToken cancellationToken)
    {
        // A hung owner sends no heartbeat: the database then ends its session and with it the lock.
        await using var timeout = new NpgsqlCommand("select set_config('idle_session_timeout', $1, false)", _connection)
        {
            Parameters = { new() { Value = $"{(int)silence.TotalMilliseconds}ms" } },
        };
        await timeout.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);

        await using var next = new NpgsqlCommand("update embedded_owner set term = term + 1 returning term", _connection);
        Term = (long)(await next.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;

        // What an earlier owner still has open ends here, transactions included, before this owner reads anything.
        await using var cut = new NpgsqlCommand(
            """
            with earlier as materialized (
                select pid from pg_stat_activity where datname = current_database() and application_name = $1
            )
            select count(*) from earlier where not pg_terminate_backend(pid, 10000)
            """,
            _connection) { Parameters = { new() { Value = OwnerTerm.StoreApplicationName } } };
        if (await cut.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not 0L)
        {
            throw new TimeoutException("Connections of an earlier owner did not end.");
        }
    }
}
