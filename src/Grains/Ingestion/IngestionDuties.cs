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

    private DateTimeOffset _partitionsDue;

    /// <inheritdoc/>
    protected override TimeSpan Pause => options.Value.DrainEvery;

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken stoppingToken)
    {
        await KeepPartitionsAsync();
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

    private async Task KeepPartitionsAsync()
    {
        var now = Time.GetUtcNow();
        if (now < _partitionsDue)
        {
            return;
        }

        _partitionsDue = now + s_partitionsAgain;
        try
        {
            if (await partitions.MakeAsync(now, options.Value.DaysAhead)
                & (options.Value.RetentionDays <= 0 || await partitions.DropAsync(now, options.Value.RetentionDays)))
            {
                _partitionsDue = now + s_partitionsEvery;
            }
            else
            {
                LogGaveWay();
            }
        }
        catch (Exception fault) when (!Settling.IsPassing(fault))
        {
            // Unfinished posts need not wait for it.
            LogPartitionsFailed(fault);
        }
    }

    [LoggerMessage(132, LogLevel.Information, "{Count} posts that had been left unfinished are finished")]
    private partial void LogDrained(int count);

    [LoggerMessage(135, LogLevel.Information, "Partitions of the raw log are in use: making or dropping them waits a minute")]
    private partial void LogGaveWay();

    [LoggerMessage(136, LogLevel.Error, "Partitions of the raw log could not be looked after")]
    private partial void LogPartitionsFailed(Exception fault);

    [LoggerMessage(134, LogLevel.Error, "Unfinished posts could not be looked after")]
    private partial void LogFailed(Exception fault);
}
