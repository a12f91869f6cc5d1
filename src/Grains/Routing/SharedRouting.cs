using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Idempotency;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Routing;

/// <summary>What all routing grains of a process share.</summary>
internal sealed partial class SharedRouting(
    RoutingCommits commits, KeyLookups keys, IMailHosts mailHosts, RoutingMetrics metrics, GateMetrics gateMetrics, ILogger<SharedRouting> log)
{
    /// <summary>The lanes in which their leads meet.</summary>
    internal RoutingCommits Commits => commits;

    /// <summary>Answers that were kept.</summary>
    internal KeyLookups Keys => keys;

    /// <summary>Which domains take mail.</summary>
    internal IMailHosts MailHosts => mailHosts;

    /// <summary>What is counted of routing.</summary>
    internal RoutingMetrics Metrics => metrics;

    /// <summary>What is counted of the gate.</summary>
    internal GateMetrics GateMetrics => gateMetrics;

    internal void LogPutOff(string cause) => LogPutOff(log, cause);

    internal void LogPushUnknown(string cause) => LogPushUnknown(log, cause);

    [LoggerMessage(151, LogLevel.Warning, "Routing what waits is put off: {Cause}")]
    private static partial void LogPutOff(ILogger log, string cause);

    [LoggerMessage(150, LogLevel.Warning, "A lead is routed, but what became of its push is not known yet: {Cause}")]
    private static partial void LogPushUnknown(ILogger log, string cause);
}
