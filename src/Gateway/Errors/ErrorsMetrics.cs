using System.Diagnostics.Metrics;

namespace LeadGrain.Gateway.Errors;

internal sealed class ErrorsMetrics(IMeterFactory meters)
{
    public Counter<long> Reported { get; } = meters.Create("LeadGrain.Errors").CreateCounter<long>(
        "leadgrain.errors.reported", "{error}", "Errors that the error tracker took.");

    public Counter<long> Dropped { get; } = meters.Create("LeadGrain.Errors").CreateCounter<long>(
        "leadgrain.errors.dropped", "{error}", "Errors not sent: the queue was full, a rate limit held, or the process stopped.");

    public Counter<long> Failed { get; } = meters.Create("LeadGrain.Errors").CreateCounter<long>(
        "leadgrain.errors.failed", "{error}", "Errors that the error tracker refused or did not answer.");
}
