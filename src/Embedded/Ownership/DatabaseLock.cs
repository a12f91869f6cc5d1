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

    // A machine that is gone answers nothing, and nothing says so: what takes a moment is given up after this many seconds, so that
    // its successor is found soon. As long as one of several hosts is asked.
    private const int Patience = 3;

    // A term holds its server's timeline above these bits: enough for an ownership a second over a century.
    private const int TermBits = 32;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;
    private readonly long _timeline;

    private DatabaseLock(NpgsqlDataSource source, long timeline)
        => (_source, _connection, _timeline) = (source, source.CreateConnection(), timeline);

    /// <summary>
    /// The owner's number: higher than that of every owner before it. One that owns a promoted standby has a higher one than
    /// the former primary can ever give, so that no connection to that proves it.
    /// </summary>
    internal long Term { get; private set; }

    /// <summary>Waits for the lock, then makes sure that no earlier owner can write any more.</summary>
    /// <param name="options">The database, and the longest silence of this owner that it bears before it ends the lock.</param>
    /// <param name="standingBy">Called once if another process holds the lock.</param>
    /// <param name="time">Paces the attempts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    /// <exception cref="AnotherPromotedException">While this process waited for it.</exception>
    internal static async Task<DatabaseLock> TakeAsync(
        EmbeddedHostOptions options, Action standingBy, TimeProvider time, CancellationToken cancellationToken)
    {
        var (host, timeline) = await options.FindHost(options.ConnectionString, cancellationToken).ConfigureAwait(false);
        var settings = new NpgsqlConnectionStringBuilder(host)
        {
            ApplicationName = "leadgrain-owner",
            Pooling = false,
            Timeout = Patience, // also that of asking for a command's end, which is done before the command is given up
            CancellationTimeout = -1, // a command given up is a lock given up: its answer is not waited for
        };
        var taken = new DatabaseLock(
            new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = settings.ApplicationName }.Build(), timeline);
        try
        {
            await taken._connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            if (await taken.LockAsync(standingBy, time, cancellationToken).ConfigureAwait(false))
            {
                // The owner may have left for a host that was promoted while this process waited at its former one.
                await taken.AssertLatestAsync(options, cancellationToken).ConfigureAwait(false);
            }

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

    /// <summary>Watches, where there are several hosts, that this owner's is the one that was promoted last.</summary>
    /// <exception cref="AnotherPromotedException">Another was promoted since.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop watching.</exception>
    internal async Task WatchHostsAsync(EmbeddedHostOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_timeline == 0 ? Timeout.InfiniteTimeSpan : 5 * options.Heartbeat, time, cancellationToken).ConfigureAwait(false);
            try
            {
                await AssertLatestAsync(options, cancellationToken).ConfigureAwait(false);
            }
            catch (AnotherPromotedException)
            {
                // What waits there, such as for a confirmation that no standby gives any more, would hold its callers up.
                await using var another = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                await CutEarlierAsync(another, cancellationToken).ConfigureAwait(false);
                throw;
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException)
            {
                // None answers well: whether this owner's does, its heartbeat tells.
            }
        }
    }

    /// <summary>Gives the lock back by closing its connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private async Task AssertLatestAsync(EmbeddedHostOptions options, CancellationToken cancellationToken)
    {
        var (_, latest) = await options.FindHost(options.ConnectionString, cancellationToken).ConfigureAwait(false);
        if (latest > _timeline)
        {
            throw new AnotherPromotedException();
        }
    }

    /// <returns>Whether it had to wait.</returns>
    private async Task<bool> LockAsync(Action standingBy, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var attempt = new NpgsqlCommand("select pg_try_advisory_lock($1)", _connection)
        {
            Parameters = { new() { Value = Key } },
            CommandTimeout = Patience,
        };
        var waited = false;
        while (await attempt.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
        {
            if (!waited)
            {
                standingBy();
                waited = true;
            }

            // Asking again and again: a statement that waits in the database would hold its snapshot, and so keep vacuum from
            // cleaning the queue tables for as long as the standby stands by.
            await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(false);
        }

        return waited;
    }

    private async Task TakeOverAsync(TimeSpan silence, CancellationToken cancellationToken)
    {
        // A hung owner sends no heartbeat: the database then ends its session and with it the lock.
        await using var timeout = new NpgsqlCommand("select set_config('idle_session_timeout', $1, false)", _connection)
        {
            Parameters = { new() { Value = $"{(int)silence.TotalMilliseconds}ms" } },
        };
        await timeout.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);

        await using var next = new NpgsqlCommand("update embedded_owner set term = greatest(term, $1) + 1 returning term", _connection)
        {
            Parameters = { new() { Value = _timeline << TermBits } },
        };
        Term = (long)(await next.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        await CutEarlierAsync(_connection, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends what stores still have open, transactions included: an earlier owner's, before this one reads anything.</summary>
    private static async Task CutEarlierAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
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
            connection)
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
            "select count(*) from pg_stat_activity where application_name = $1 and pid = any($2)", connection)
        {
            Parameters = { new() { Value = OwnerTerm.StoreApplicationName }, new() { Value = doubtful } },
        };
        if (await left.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not 0L)
        {
            throw new TimeoutException("Connections of an earlier owner did not end.");
        }
    }
}
