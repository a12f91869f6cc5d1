using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Secrets;

/// <summary>Seals what an older key of the ring has sealed with the first one, in small steps beside the work.</summary>
internal sealed partial class SecretRotation(
    SecretStore store,
    SecretBox box,
    SecretMetrics metrics,
    IOptions<SecretOptions> options,
    StoreTurn turn,
    TimeProvider time,
    ILogger<SecretRotation> log) : StoreDuty(turn, time, log)
{
    private const int Step = 100;

    /// <inheritdoc/>
    protected override TimeSpan Pause => options.Value.RotateEvery;

    /// <inheritdoc/>
    protected override Task PassAsync(CancellationToken stoppingToken) => box.IsConfigured ? RunAsync(stoppingToken) : LookAsync();

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
        if (resealed > 0)
        {
            LogResealed(resealed, box.SealingKeyId);
        }

        if (unreadable > 0)
        {
            LogUnreadable(unreadable);
        }

        return (resealed, unreadable);
    }

    private async Task LookAsync()
    {
        if (await store.CountAsync() is > 0 and var secrets)
        {
            LogUnreadable(secrets);
        }
    }

    [LoggerMessage(161, LogLevel.Information, "{Resealed} secrets were sealed anew with key {KeyId}")]
    private partial void LogResealed(int resealed, string keyId);

    [LoggerMessage(162, LogLevel.Warning, "No key of SECRET_KEYS opens {Unreadable} secrets: the ring that sealed them is needed, or they must be set anew")]
    private partial void LogUnreadable(long unreadable);
}
