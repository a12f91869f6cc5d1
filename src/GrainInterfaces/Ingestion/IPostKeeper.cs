using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>Keeps posts in this process, where no grain answers. A post that its grain has committed after all is not doubled.</summary>
public interface IPostKeeper
{
    /// <summary>An id for a post (UUID version 7), to be chosen before anyone is asked to commit it.</summary>
    Guid NextId();

    /// <summary>Commits a post with an id to the raw log, then makes a lead of it, as <see cref="IIngestionGrain.IngestAsync"/> does.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The raw log could not be written; nothing was promised.</exception>
    /// <exception cref="OperationCanceledException">It was given up before a commit took it, and is not kept.</exception>
    Task<PostOutcome> KeepAsync(Tenant tenant, RawPost post, CancellationToken givenUp);
}
