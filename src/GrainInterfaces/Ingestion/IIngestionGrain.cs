using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>
/// Takes in what is posted for one organization, and never loses any of it. Keyed by
/// <see cref="Organizations.Tenant.GrainKey"/>. It keeps no state, so all of its calls interleave.
/// </summary>
public interface IIngestionGrain : IGrainWithStringKey
{
    /// <summary>Commits a post to the raw log, then makes a lead of it. Where it is there already under its id, that is the answer.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The raw log could not be written; nothing was promised.</exception>
    /// <exception cref="OperationCanceledException">It was given up before a commit took it, and is not in the raw log.</exception>
    [AlwaysInterleave]
    Task<PostOutcome> IngestAsync(RawPost post, CancellationToken cancellationToken);

    /// <summary>As <see cref="IngestAsync"/> for many at once, an outcome for each, in order.</summary>
    /// <exception cref="Faults.StorageUnavailableException">Some of them could not be written; sending all again is safe where they have keys.</exception>
    [AlwaysInterleave]
    Task<ImmutableArray<PostOutcome>> IngestManyAsync(ImmutableArray<RawPost> posts, CancellationToken cancellationToken);

    /// <summary>A page of the raw log, newest first.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<RawPage> ListRawAsync(RawQuery query, CancellationToken cancellationToken);

    /// <summary>One entry of the raw log with its bytes; null where there is none.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<RawDocument?> GetRawAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Starts a job that normalizes entries of the raw log anew, and enters it in the audit log; its id.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<Guid> ReplayAsync(ReplayCommand command, Actor actor, CancellationToken cancellationToken);
}
