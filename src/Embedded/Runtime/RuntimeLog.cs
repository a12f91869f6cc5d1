using Microsoft.Extensions.Logging;

namespace LeadGrain.Embedded.Runtime;

internal static partial class RuntimeLog
{
    [LoggerMessage(1, LogLevel.Warning, "A {GrainClass} failed to deactivate")]
    internal static partial void DeactivationFailed(this ILogger log, Exception exception, string grainClass);

    [LoggerMessage(2, LogLevel.Error, "A timer of a {GrainClass} failed")]
    internal static partial void TickFailed(this ILogger log, Exception exception, string grainClass);
}
