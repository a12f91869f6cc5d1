using System.Diagnostics.Metrics;

namespace LeadGrain.Gateway.Runs;

internal sealed class RunsMetrics(IMeterFactory meters)
{
    public Counter<long> Reported { get; } = meters.Create("LeadGrain.Runs").CreateCounter<long>(
        "leadgrain.runs.reported", "{run}", "Child runs that the runs service took, begin and end.");

    public Counter<long> Dropped { get; } = meters.Create("LeadGrain.Runs").CreateCounter<long>(
        "leadgrain.runs.dropped", "{run}", "Child runs not sent: the queue was full or the process stopped.");

    public Counter<long> Failed { get; } = meters.Create("LeadGrain.Runs").CreateCounter<long>(
        "leadgrain.runs.failed", "{run}", "Child runs given up after the last try.");
}
