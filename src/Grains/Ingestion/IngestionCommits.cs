using System.Diagnostics;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>
/// The process's lane of posts: the posts of all organizations that wait are committed to the raw log together, then made
/// leads of and committed again together.
/// </summary>
internal sealed partial class IngestionCommits
{
    // An id can count nine hundred years more than a date.
    private static readonly long s_lastMillisecond = (long)(DateTime.MaxValue - DateTime.UnixEpoch).TotalMilliseconds - 1;

    private readonly RawStore _raw;
    private readonly Settling _settling;
    private readonly Normalizer _normalize;
    private readonly IngestionMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<IngestionCommits> _log;
    private readonly TimeSpan _leadWait;
    private readonly RisingIds _ids = new();
    private readonly GroupCommit<RawRow, PostOutcome?> _lane;

    // Took longer than anybody waits, and may go on.
    private Task _slow = Task.CompletedTask;

    public IngestionCommits(
        RawStore raw,
        Settling settling,
        Normalizer normalize,
        IngestionMetrics metrics,
        TimeProvider time,
        IOptions<IngestionOptions> options,
        ILogger<IngestionCommits> log)
    {
        (_raw, _settling, _normalize, _metrics, _time, _log) = (raw, settling, normalize, metrics, time, log);
        _leadWait = options.Value.LeadWait;
        _lane = new(
            CommitAsync,
            static r => r.Weight,
            options.Value.CommitRows,
            options.Value.ConcurrentCommits,
            party: static r => r.OrganizationId,
            order: static (a, b) => a.Id.CompareTo(b.Id));
    }

    /// <summary>An id for a post, or for a list of them.</summary>
    internal Guid NextId() => _ids.Next(_time.GetUtcNow());

    /// <summary>Commits a post, together with whatever else waits.</summary>
    /// <exception cref="StorageUnavailableException">It may or may not be in the raw log; nothing may be promised.</exception>
    /// <exception cref="OperationCanceledException">It was given up before a commit took it, and is not in the raw log.</exception>
    internal async Task<PostOutcome> CommitAsync(long organizationId, RawPost post, CancellationToken givenUp)
    {
        var id = post.Id ?? NextId();
        return await _lane.CommitAsync(new RawRow(organizationId, id, TimeOf(id), post), givenUp)
            ?? throw new StorageUnavailableException("Committed, but whose its key is could not be read.");
    }

    /// <summary>The milliseconds of an id; of one that is none of ours it may be the end of time.</summary>
    internal static DateTime TimeOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
        return DateTime.UnixEpoch.AddMilliseconds(Math.Min(milliseconds, s_lastMillisecond));
    }

    private async Task<PostOutcome?[]> CommitAsync(IReadOnlyList<RawRow> rows)
    {
        var start = Stopwatch.GetTimestamp();
        var openId = NextId();
        var claims = await _raw.AppendAsync(openId, rows);
        _metrics.Committed("raw", Stopwatch.GetElapsedTime(start), rows.Count);
        return await SettleAsync(openId, rows, claims);
    }

    // From here on nothing fails a post, nor keeps it waiting for long: it is in the raw log, and what is not finished now is finished later.
    private async Task<PostOutcome?[]> SettleAsync(Guid openId, IReadOnlyList<RawRow> rows, KeyClaim?[] claims)
    {
        var settled = await FinishInTimeAsync(openId, rows, claims);
        var outcomes = new PostOutcome?[rows.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = settled is not null ? settled[i].Verdict.Outcome(rows[i].Id) : OutcomeWithout(rows[i], claims[i]);
        }

        return outcomes;
    }

    // While one takes long the next ones would as well, and hold up every post behind them: they are left to the drain.
    private async Task<Settled[]?> FinishInTimeAsync(Guid openId, IReadOnlyList<RawRow> rows, KeyClaim?[] claims)
    {
        if (!_slow.IsCompleted)
        {
            _metrics.LeftOpen(rows.Count);
            return null;
        }

        var finish = FinishAsync(openId, rows, claims);
        try
        {
            return await finish.WaitAsync(_leadWait, _time);
        }
        catch (TimeoutException)
        {
            _slow = finish;
            LogSlow(rows.Count);
            return null;
        }
    }

    /// <summary>Makes leads of posts.</summary>
    /// <returns>What they became; null where that is put off.</returns>
    private async Task<Settled[]?> FinishAsync(Guid openId, IReadOnlyList<RawRow> rows, KeyClaim?[] claims)
    {
        await Task.Yield(); // it begins with work on bodies, which is waited for as well
        var start = Stopwatch.GetTimestamp();
        try
        {
            var settled = await _settling.DecideAsync(rows, claims);
            if (await _settling.WriteAsync(openId, settled, attempts: 0) is > 0 and var left)
            {
                _metrics.LeftOpen(left);
            }

            _metrics.Committed("leads", Stopwatch.GetElapsedTime(start), rows.Count);
            return settled;
        }
#pragma warning disable CA1031 // The posts are safe: whatever this was, it is logged, and the drain tries again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogPutOff(rows.Count, fault.GetType().Name, (fault as PostgresException)?.SqlState);
            _metrics.LeftOpen(rows.Count);
            return null;
        }
    }

    // What is certain without the database: a post without a key, or the first with its key. It never throws: one post must not
    // take the answers of all others with it.
    private PostOutcome? OutcomeWithout(RawRow row, KeyClaim? claim)
    {
        if (row.Post.Key is not null && claim?.LeadId != row.Id)
        {
            return null;
        }

        try
        {
            return Verdict.Of(row, claim, _normalize(row.Post)).Outcome(row.Id);
        }
#pragma warning disable CA1031 // Whatever it was, the post is kept, and the drain will meet it again and log it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return Verdict.OfFault(row, claim, fault).Told;
        }
    }

    [LoggerMessage(138, LogLevel.Warning, "{Count} posts are in the raw log and answered; making leads of them takes long, and those behind them are left to the drain meanwhile")]
    private partial void LogSlow(int count);

    [LoggerMessage(131, LogLevel.Warning, "{Count} posts are in the raw log and not made leads of yet: {Cause} {SqlState}")]
    private partial void LogPutOff(int count, string cause, string? sqlState);
}
