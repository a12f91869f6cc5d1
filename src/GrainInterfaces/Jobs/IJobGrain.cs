using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Jobs;

/// <summary>The background jobs of one organization. Keyed by <see cref="Organizations.Tenant.GrainKey"/>; keeps no state.</summary>
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>A page of jobs, the newest first.</summary>
    /// <param name="before">Jobs older than this one; null for the newest.</param>
    /// <param name="limit">At most this many, 1 to 1000.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<JobPage> ListAsync(Guid? before, int limit, CancellationToken cancellationToken);

    /// <summary>One job; null where there is none.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<Job?> GetAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Ends a job that has not ended, between two of its steps; what it has done stays. The job as it is then; null where there is none.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<Job?> CancelAsync(Guid id, Actor actor, CancellationToken cancellationToken);
}

/// <summary>A background job.</summary>
/// <param name="Id">Identifier, ordered by time (UUID version 7).</param>
/// <param name="Kind">What it does.</param>
/// <param name="State">queued, running, done, failed or cancelled.</param>
/// <param name="Total">How many items there are; null until they are counted.</param>
/// <param name="Done">Items done, failed ones included.</param>
/// <param name="Failed">Items that failed.</param>
/// <param name="Error">Why the job failed, or its last attempt did.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="StartedAt">When work began.</param>
/// <param name="FinishedAt">When it ended.</param>
[GenerateSerializer, Immutable]
public sealed record Job(
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

/// <summary>A page of jobs.</summary>
[GenerateSerializer, Immutable]
public sealed record JobPage(ImmutableArray<Job> Jobs, bool HasMore);
