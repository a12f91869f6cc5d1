using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Ingestion;

/// <summary>What ingestion does in the background: finishing what was left, partitions, retention. Any number of hosts may.</summary>
internal sealed partial class IngestionDuties(
    OpenStore open,
    Settling settling,
    PartitionStore partitions,
    IngestionMetrics metrics,
    IOptions<IngestionOptions> options,
    StoreTurn turn,
    TimeProvider time,
    ILogger<IngestionDuties> log) : StoreDuty(turn, time, log)
{
    // Longer than finishing a list takes. A host that died with one gives it up so late.
    private static readonly TimeSpan s_claim = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_partitionsEvery = TimeSpan.FromHours(1);

    // After one that gave way to a reader, or failed.
    private static readonly TimeSpan s_partitionsAgain = TimeSpan.FromMinutes(1);

    // The wall clock at the last look at partitions, and when that was by the clock that nobody sets.
    private DateTimeOffset _clock = DateTimeOffset.UnixEpoch;
    private long? _looked;
    private TimeSpan _partitionsPause;

    /// <inheritdoc/>
    protected override TimeSpan Pause => options.Value.DrainEvery;

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken stoppingToken)
    {
        await KeepPartitionsAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested && await DrainOneAsync())
        {
        }
    }

    /// <summary>Finishes one list.</summary>
    /// <returns>Whether there was one.</returns>
    internal async Task<bool> DrainOneAsync()
    {
        if (await open.ClaimAsync(options.Value.DrainGrace, s_claim) is not { } list)
        {
            return false;
        }

        try
        {
            // Without those whose partition has gone.
            var rows = await open.ReadAsync(list.Organizations, list.RawIds);
            var settled = await settling.DecideAsync(rows, new KeyClaim?[rows.Count]);
            var left = await settling.WriteAsync(list.Id, settled, list.Attempts);
            metrics.Drained(rows.Count - left);
            LogDrained(rows.Count - left);
        }
        catch (Exception fault) when (!Settling.IsPassing(fault))
        {
            // Of no row in particular; the other lists need not wait for it.
            LogFailed(fault);
            await open.PostponeAsync(list.Id, Settling.PauseAfter(list.Attempts + 1));
        }

        return true;
    }

    private async Task KeepPartitionsAsync(CancellationToken stoppingToken)
    {
        if (_looked is { } looked && Time.GetElapsedTime(looked) < _partitionsPause)
        {
            return;
        }

        // What is dropped does not come back: it is of days that were over at two looks, for a clock can be ahead for a moment. The first
        // look drops nothing.
        var (now, isFirst) = (Time.GetUtcNow(), _looked is null);
        var over = now < _clock ? now : _clock;
        (_looked, _clock, _partitionsPause) = (Time.GetTimestamp(), now, s_partitionsAgain);
        var days = options.Value.RetentionDays;
        try
        {
            if (!(await partitions.MakeAsync(now, options.Value.DaysAhead) & (days <= 0 || isFirst || await partitions.DropAsync(over, days))))
            {
                LogGaveWay();
            }
            else if (days <= 0 || !isFirst)
            {
                _partitionsPause = s_partitionsEvery;
            }
        }
        catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
        {
            // Unfinished posts need not wait for it.
            if (Settling.IsPassing(fault))
            {
                LogPartitionsWait(fault.Message);
            }
            else
            {
                LogPartitionsFailed(fault);
            }
        }
    }

    [LoggerMessage(132, LogLevel.Information, "{Count} posts that had been left unfinished are finished")]
    private partial void LogDrained(int count);

    [LoggerMessage(135, LogLevel.Information, "Partitions of the raw log are in use, or much of them is to be forgotten: that goes on in a minute")]
    private partial void LogGaveWay();

    [LoggerMessage(142, LogLevel.Warning, "Partitions of the raw log could not be looked after, which is tried again in a minute: {Cause}")]
    private partial void LogPartitionsWait(string cause);

    [LoggerMessage(136, LogLevel.Error, "Partitions of the raw log could not be looked after")]
    private partial void LogPartitionsFailed(Exception fault);

    [LoggerMessage(134, LogLevel.Error, "Unfinished posts could not be looked after")]
    private partial void LogFailed(Exception fault);
}
