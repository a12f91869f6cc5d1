using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Secrets;

/// <summary>Seals what an older key of the ring has sealed with the first one, in small steps beside the work.</summary>
internal sealed partial class SecretRotation(
    SecretStore store, SecretBox box, SecretMetrics metrics, IOptions<SecretOptions> options, TimeProvider time, ILogger<SecretRotation> log)
    : BackgroundService
{
    private const int Step = 100;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!box.IsConfigured)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // The loop's edge: a database that is away, or owned by another process, is tried again the next time.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                LogPutOff(fault.GetType().Name);
            }

            await Task.Delay(options.Value.RotateEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One pass over all secrets.</summary>
    /// <returns>How many were sealed anew, and how many no key opens.</returns>
    internal async Task<(int Resealed, int Unreadable)> RunAsync(CancellationToken cancellationToken)
    {
        var (resealed, unreadable) = (0, 0);
        (long, string)? at = (0, "");
        while (at is { } after)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var batch = await store.ResealAsync(after, Step);
            (resealed, unreadable, at) = (resealed + batch.Resealed, unreadable + batch.Unreadable, batch.Last);
        }

        metrics.Resealed(resealed);
        if (resealed > 0 || unreadable > 0)
        {
            LogRun(resealed, box.SealingKeyId, unreadable);
        }

        return (resealed, unreadable);
    }

    [LoggerMessage(140, LogLevel.Information, "{Resealed} secrets were sealed anew with key {KeyId}; no key of the ring opens {Unreadable}")]
    private partial void LogRun(int resealed, string keyId, int unreadable);

    [LoggerMessage(141, LogLevel.Debug, "The rotation of secrets is put off: {Cause}")]
    private partial void LogPutOff(string cause);
}
