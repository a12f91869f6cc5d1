using LeadGrain.GrainInterfaces.Faults;
using Microsoft.Extensions.Hosting;
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
    TimeProvider time,
    ILogger<IngestionDuties> log) : BackgroundService
{
    // Longer than finishing a list takes. A host that died with one gives it up so late.
    private static readonly TimeSpan s_claim = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_partitionsEvery = TimeSpan.FromHours(1);

    private DateTimeOffset _partitionsDue;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await KeepPartitionsAsync();
                while (!stoppingToken.IsCancellationRequested && await DrainOneAsync())
                {
                }
            }
            catch (StorageUnavailableException)
            {
                // A standby, or the database is away: whoever serves says so.
                LogAway();
            }
#pragma warning disable CA1031 // The loop's edge: logged, and tried again.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                LogFailed(fault);
            }

            await Task.Delay(options.Value.DrainEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

        // Without those whose partition has gone.
        var rows = await open.ReadAsync(list.Organizations, list.RawIds);
        var settled = await settling.DecideAsync(rows, new KeyClaim?[rows.Count]);
        await settling.WriteAsync(list.Id, settled, list.Attempts);
        metrics.Drained(rows.Count);
        LogDrained(rows.Count);
        return true;
    }

    private async Task KeepPartitionsAsync()
    {
        var now = time.GetUtcNow();
        if (now < _partitionsDue)
        {
            return;
        }

        await partitions.MakeAsync(now, options.Value.DaysAhead);
        if (options.Value.RetentionDays > 0)
        {
            await partitions.DropAsync(now, options.Value.RetentionDays);
        }

        _partitionsDue = now + s_partitionsEvery;
    }

    [LoggerMessage(132, LogLevel.Information, "{Count} posts that had been left unfinished are finished")]
    private partial void LogDrained(int count);

    [LoggerMessage(133, LogLevel.Debug, "Unfinished posts wait: the database is away")]
    private partial void LogAway();

    [LoggerMessage(134, LogLevel.Error, "Unfinished posts could not be looked after")]
    private partial void LogFailed(Exception fault);
}
