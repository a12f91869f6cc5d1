namespace LeadGrain.Gateway.Jobs;

/// <summary>A page of jobs, newest first.</summary>
/// <param name="Jobs">The page.</param>
/// <param name="Next">To be given as <c>next</c> for the following page; null at the end.</param>
public sealed record JobsResponse(IReadOnlyList<JobView> Jobs, string? Next);

/// <summary>A background job.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Kind">What it does: replay.</param>
/// <param name="State">queued, running, done, failed or cancelled.</param>
/// <param name="Total">How many items there are; null until they are counted.</param>
/// <param name="Done">Items done, failed ones included.</param>
/// <param name="Failed">Items that failed.</param>
/// <param name="Error">Why the job failed, or its last attempt did.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="StartedAt">When work began.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record JobView(
    Guid Id,
    string Kind,
    string State,
    long? Total,
    long Done,
    long Failed,
    string? Error,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt);
