using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Health;

/// <summary>Asks all readiness checks at once. A process that stops is not ready, whatever they say.</summary>
internal sealed partial class ReadinessProbe(
    IEnumerable<IReadinessCheck> checks, IOptions<GatewayOptions> options, TimeProvider time, IHostApplicationLifetime host,
    ILogger<ReadinessProbe> logger)
{
    private readonly IReadinessCheck[] _checks = [.. checks];

    internal Task<ReadyCheck[]> AskAsync(CancellationToken cancellationToken) => host.ApplicationStopping.IsCancellationRequested
        ? Task.FromResult<ReadyCheck[]>([new ReadyCheck("stopping", false, "The process stops.")])
        : Task.WhenAll(_checks.Select(check => AskAsync(check, cancellationToken)));

    private async Task<ReadyCheck> AskAsync(IReadinessCheck check, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(options.Value.ReadinessTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            var found = await check.CheckAsync(either.Token).AsTask().WaitAsync(either.Token);
            return new ReadyCheck(check.Name, found.Ready, found.Detail);
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            return new ReadyCheck(check.Name, false, "No answer in time.");
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            LogFailed(logger, fault, check.Name);
            return new ReadyCheck(check.Name, false, "The check failed.");
        }
    }

    [LoggerMessage(LogLevel.Warning, "Readiness check {Name} failed")]
    private static partial void LogFailed(ILogger logger, Exception fault, string name);
}
