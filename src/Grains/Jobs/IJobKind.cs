using Npgsql;

namespace LeadGrain.Grains.Jobs;

/// <summary>A kind of background job. Its work goes in steps, each committed together with the job's progress.</summary>
internal interface IJobKind
{
    /// <summary>As it stands in the database.</summary>
    string Name { get; }

    /// <summary>Counts a job's items, once, before its first step.</summary>
    /// <exception cref="OperationCanceledException">The count is not wanted any more.</exception>
    Task<long> CountAsync(ClaimedJob job, CancellationToken cancellationToken);

    /// <summary>Prepares the next step. What it writes is in the batch; the runner adds the progress and commits both.</summary>
    /// <param name="job">Where it stands.</param>
    /// <param name="batch">To write with.</param>
    /// <param name="most">The most items to look at: 1 where the database refused a step of more, to find out which.</param>
    /// <returns>What will have been done; null where nothing is left.</returns>
    Task<JobStep?> StepAsync(ClaimedJob job, NpgsqlBatch batch, int most);
}

/// <summary>A job in the hands of one runner.</summary>
/// <param name="OrganizationId">Of the job.</param>
/// <param name="Id">Of the job.</param>
/// <param name="Kind">Of the job.</param>
/// <param name="Spec">JSON in UTF-8, by kind.</param>
/// <param name="Total">Null until it is counted.</param>
/// <param name="Position">How far it has come; null at the start.</param>
internal sealed record ClaimedJob(long OrganizationId, Guid Id, string Kind, byte[] Spec, long? Total, Guid? Position);

/// <summary>A step of a job.</summary>
/// <param name="Done">Items that it deals with.</param>
/// <param name="Failed">Those of them that fail.</param>
/// <param name="Position">How far the job has come with it.</param>
internal sealed record JobStep(int Done, int Failed, Guid Position);
