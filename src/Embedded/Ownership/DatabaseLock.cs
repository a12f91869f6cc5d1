using LeadGrain.Embedded.Hosting;
using Npgsql;

namespace LeadGrain.Embedded.Ownership;

/// <summary>The advisory lock that makes one process the owner of a database, on a connection of its own.</summary>
internal sealed class DatabaseLock : IAsyncDisposable
{
    // Any constant will do; advisory locks are per database. These are the bytes of "LEADGRID".
    private const long Key = 0x4C45414447524944;

    // The longest that a standby takes to see that the owner is gone.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private DatabaseLock(NpgsqlDataSource source) => (_source, _connection) = (source, source.CreateConnection());

    /// <summary>The owner's number: one higher than that of every owner before it.</summary>
    internal long Term { get; private set; }

    /// <summary>Waits for the lock, then makes sure that no earlier owner can write any more.</summary>
    /// <param name="options">The database, and the longest silence of this owner that it bears before it ends the lock.</param>
    /// <param name="standingBy">Called once if another process holds the lock.</param>
    /// <param name="time">Paces the attempts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    internal static async Task<DatabaseLock> TakeAsync(
        EmbeddedHostOptions options, Action standingBy, TimeProvider time, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = "leadgrain-owner",
            Pooling = false,
            CancellationTimeout = -1, // a command given up is a lock given up: nothing is waited for
        };
        var taken = new DatabaseLock(
            options.BuildSource(new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = settings.ApplicationName }));
        try
        {
            await taken._connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await taken.LockAsync(standingBy, time, cancellationToken).ConfigureAwait(false);
            await taken.TakeOverAsync(options.OwnerTimeout, cancellationToken).ConfigureAwait(false);
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
    /// <exception cref="TimeoutException">The database does not answer, and may have ended the lock.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop watching.</exception>
    internal async Task WatchAsync(EmbeddedHostOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        // Both count from the last answer, which is a heartbeat old when the next is asked for; with another heartbeat to
        // spare, this owner stops before the database lets another start.
        var patience = options.OwnerTimeout - 2 * options.Heartbeat;
        await using var beat = new NpgsqlCommand("select 1", _connection);
        while (true)
        {
            // Returns after the heartbeat, or throws at once when the connection breaks.
            await _connection.WaitAsync(options.Heartbeat, cancellationToken).ConfigureAwait(false);
            await beat.ExecuteNonQueryAsync(cancellationToken)
                .WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Gives the lock back by closing its connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private async Task LockAsync(Action standingBy, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var attempt = new NpgsqlCommand("select pg_try_advisory_lock($1)", _connection)
        {
            Parameters = { new() { Value = Key } },
        };
        for (var first = true; await attempt.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true; first = false)
        {
            if (first)
            {
                standingBy();
            }

            // Asking again and again: a statement that waits in the database would hold its snapshot, and so keep vacuum from
            // cleaning the queue tables for as long as the standby stands by.
            await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(false);
        }
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
        await CutEarlierAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends what an earlier owner still has open, transactions included, before this owner reads anything.</summary>
    private async Task CutEarlierAsync(CancellationToken cancellationToken)
    {
        await using var cut = new NpgsqlCommand(
            """
            with earlier as materialized (
                select pid from pg_stat_activity where datname = current_database() and application_name = $1
            ), signalled as materialized (
                -- All at once, before any is waited for.
                select pid, pg_terminate_backend(pid) from earlier
            )
            select coalesce(array_agg(pid) filter (where not pg_terminate_backend(pid, 10000)), '{}') from signalled
            """,
            _connection)
        {
            Parameters = { new() { Value = OwnerTerm.StoreApplicationName } },
            CommandTimeout = 0, // each connection is given its time above
        };
        var doubtful = (int[])(await cut.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        if (doubtful is [])
        {
            return;
        }

        // Those that had ended by themselves meanwhile could not be ended either.
        await using var left = new NpgsqlCommand(
            "select count(*) from pg_stat_activity where application_name = $1 and pid = any($2)", _connection)
        {
            Parameters = { new() { Value = OwnerTerm.StoreApplicationName }, new() { Value = doubtful } },
        };
        if (await left.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not 0L)
        {
            throw new TimeoutException("Connections of an earlier owner did not end.");
        }
    }
}
