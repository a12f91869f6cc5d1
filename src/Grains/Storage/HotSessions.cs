using System.Data;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>
/// The sessions of the <see cref="GrainsSetup.HotSource"/>: the one that was used last is used next. Npgsql's pool goes round all that
/// it has; what needs but one session at a time would have each of them read its way into the server's cache and keep plans of its own.
/// </summary>
internal sealed class HotSessions : IDisposable
{
    // Unused for so long, a session goes back to the pool, which closes what stays unused.
    private static readonly TimeSpan s_longestIdle = TimeSpan.FromSeconds(1);

    // And after so long in any case: the pool looks after each one's age.
    private static readonly TimeSpan s_longestKept = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    // Reads of large leads take their time, and there may be many at once: commits find a session all the same.
    private readonly ReadTurns _readers;

    // Of several hosts the pool is asked each time: it knows which of them can be written to.
    private readonly bool _keeps;

    // In the order of their last use.
    private readonly List<Kept> _kept = [];
    private int _opening;

    public HotSessions([FromKeyedServices(GrainsSetup.HotSource)] NpgsqlDataSource source, TimeProvider time)
    {
        (_source, _time) = (source, time);
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        _keeps = settings.Host?.Contains(',', StringComparison.Ordinal) != true;
        _readers = new ReadTurns(Math.Max(1, settings.MaxPoolSize / 3));
        _timer = time.CreateTimer(static self => ((HotSessions)self!).GiveBack(s_longestIdle), this, s_longestIdle, s_longestIdle);
    }

    /// <summary>A session for one caller, until it is disposed of.</summary>
    /// <exception cref="NpgsqlException">The database is away, or all are in use for too long.</exception>
    internal ValueTask<HotSession> RentAsync() => RentAsync(turn: null);

    /// <summary>A session to read many leads with: a third of all at most, in which organizations take turns.</summary>
    /// <exception cref="NpgsqlException">The database is away, or all are in use for too long.</exception>
    internal async ValueTask<HotSession> RentToReadAsync(long organizationId)
    {
        await _readers.TakeAsync(organizationId).ConfigureAwait(false);
        try
        {
            return await RentAsync(_readers).ConfigureAwait(false);
        }
        catch
        {
            _readers.End();
            throw;
        }
    }

    private async ValueTask<HotSession> RentAsync(ReadTurns? turn)
    {
        lock (_lock)
        {
            while (_kept is [.., var last])
            {
                _kept.RemoveAt(_kept.Count - 1);
                if (last.Connection.FullState == ConnectionState.Open)
                {
                    return new HotSession(this, last.Connection, last.TakenAt, turn);
                }

                last.Connection.Dispose();
            }

            _opening++;
        }

        try
        {
            return new HotSession(this, await _source.OpenConnectionAsync().ConfigureAwait(false), _time.GetTimestamp(), turn);
        }
        finally
        {
            lock (_lock)
            {
                _opening--;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        GiveBack(TimeSpan.Zero);
    }

    internal void Return(NpgsqlConnection connection, long takenAt)
    {
        var isWhole = connection.FullState == ConnectionState.Open;
        if (isWhole && _keeps && _time.GetElapsedTime(takenAt) < s_longestKept)
        {
            lock (_lock)
            {
                // Who opens one may wait for this one, in the pool.
                if (_opening == 0)
                {
                    _kept.Add(new Kept(connection, takenAt, _time.GetTimestamp()));
                    return;
                }
            }
        }

        connection.Dispose();
        if (!isWhole)
        {
            // What broke it may have broken the others.
            GiveBack(TimeSpan.Zero);
        }
    }

    private void GiveBack(TimeSpan unusedFor)
    {
        List<Kept> given;
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            given = _kept.FindAll(kept => _time.GetElapsedTime(kept.UsedAt, now) >= unusedFor);
            _kept.RemoveRange(0, given.Count);
        }

        given.ForEach(static kept => kept.Connection.Dispose());
    }

    private readonly record struct Kept(NpgsqlConnection Connection, long TakenAt, long UsedAt);
}

/// <summary>One of the <see cref="HotSessions"/>, in the use of one caller.</summary>
internal readonly struct HotSession(HotSessions sessions, NpgsqlConnection connection, long takenAt, ReadTurns? turn) : IAsyncDisposable
{
    internal NpgsqlConnection Connection => connection;

    /// <summary>A statement on it.</summary>
    internal NpgsqlCommand Command(string sql) => new(sql, connection);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        sessions.Return(connection, takenAt);
        turn?.End();
        return ValueTask.CompletedTask;
    }
}
