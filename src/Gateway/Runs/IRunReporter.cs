using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Gateway.Runs;

/// <summary>A finished piece of work that a caller asked for as part of a run of its own.</summary>
/// <param name="ParentRunId">The caller's run.</param>
/// <param name="Tenant">Whose work it was.</param>
/// <param name="Task">What was done, e.g. <c>buffer-next</c>.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Succeeded">Whether it was done.</param>
public sealed record RunReport(
    string ParentRunId, Tenant Tenant, string Task, DateTimeOffset StartedAt, DateTimeOffset FinishedAt, bool Succeeded);

/// <summary>Tells the runs service what was done within a caller's run.</summary>
public interface IRunReporter
{
    /// <summary>Takes a report to be sent later, best effort. Never waits and never throws.</summary>
    void Report(RunReport report);
}
