using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Gateway.Runs;

/// <summary>Makes the scopes of operations that name a parent run; the others cost nothing.</summary>
internal sealed class RunScopes(IRunReporter reporter, TimeProvider time)
{
    internal RunScope? Begin(string? parentRunId, Tenant tenant, string taskName) =>
        string.IsNullOrEmpty(parentRunId) ? null : new RunScope(reporter, time, parentRunId, tenant, taskName);
}

/// <summary>One operation under way. Reported when it ends: as failed, unless told otherwise before.</summary>
internal sealed class RunScope(IRunReporter reporter, TimeProvider time, string parentRunId, Tenant tenant, string taskName) : IDisposable
{
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private bool _succeeded;

    public void Dispose() =>
        reporter.Report(new RunReport(parentRunId, tenant, taskName, _started, time.GetUtcNow(), _succeeded));

    internal void Succeed() => _succeeded = true;
}
