using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Gateway.Runs;

/// <summary>Where a caller's parent run learns of what was done for it.</summary>
public interface IRunReporter
{
    /// <summary>Takes note of a finished operation. Returns at once and never throws.</summary>
    void Report(RunReport report);
}

/// <summary>One operation done for a parent run.</summary>
/// <param name="ParentRunId">As the caller named it.</param>
/// <param name="Tenant">For whom it was done.</param>
/// <param name="TaskName">One of <see cref="RunTasks"/>.</param>
/// <param name="Started">When its request had been read.</param>
/// <param name="Finished">When its outcome was known.</param>
/// <param name="Succeeded">Whether it did what was asked.</param>
public sealed record RunReport(
    string ParentRunId,
    Tenant Tenant,
    string TaskName,
    DateTimeOffset Started,
    DateTimeOffset Finished,
    bool Succeeded);

/// <summary>The names under which operations are reported.</summary>
public static class RunTasks
{
    /// <summary>POST /buffer/push.</summary>
    public const string Push = "lead-buffer-push";

    /// <summary>POST /buffer/next.</summary>
    public const string Next = "lead-buffer-next";

    /// <summary>POST /buffer/ack.</summary>
    public const string Ack = "lead-buffer-ack";

    /// <summary>POST /buffer/nack.</summary>
    public const string Nack = "lead-buffer-nack";

    /// <summary>POST /buffer/extend.</summary>
    public const string Extend = "lead-buffer-extend";

    /// <summary>POST /enrich.</summary>
    public const string Enrich = "lead-enrich";
}

internal sealed class NoRunReporter : IRunReporter
{
    public void Report(RunReport report)
    {
    }
}
