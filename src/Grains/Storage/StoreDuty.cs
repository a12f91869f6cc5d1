using LeadGrain.GrainInterfaces.Faults;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Storage;

/// <summary>What a process does with the store in the background, pass by pass, while it may. A pass that fails is tried again.</summary>
internal abstract partial class StoreDuty(StoreTurn turn, TimeProvider time, ILogger log) : BackgroundService
{
    // What begins at once would open a connection each, before the first request has one.
    private static readonly TimeSpan s_longestFirst = TimeSpan.FromSeconds(1);

    protected TimeProvider Time => time;

    /// <summary>Between two passes.</summary>
    protected abstract TimeSpan Pause { get; }

    /// <summary>Whether nothing is left to do, for good.</summary>
    protected virtual bool Done => false;

    /// <summary>Does what there is to do.</summary>
    protected abstract Task PassAsync(CancellationToken stoppingToken);

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = Pause < s_longestFirst ? Pause : s_longestFirst;
        while (!Done && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await turn.WaitAsync(stoppingToken);
                await Task.Delay(pause, time, stoppingToken);
                pause = Pause;
                await PassAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return; // a host that could not start takes the store away from under a pass
            }
            catch (StorageUnavailableException)
            {
                // The database is away, or has another owner by now: whoever serves says so.
                LogAway(GetType().Name);
            }
#pragma warning disable CA1031 // The loop's edge: logged, and tried again.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                LogFailed(fault, GetType().Name);
            }
        }
    }

    [LoggerMessage(30, LogLevel.Error, "A pass of {Duty} failed; it is tried again")]
    private partial void LogFailed(Exception fault, string duty);

    [LoggerMessage(31, LogLevel.Debug, "{Duty} waits: the database is away")]
    private partial void LogAway(string duty);
}
