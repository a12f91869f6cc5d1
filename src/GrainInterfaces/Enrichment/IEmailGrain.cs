using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.GrainInterfaces.Enrichment;

/// <summary>
/// What is known of one email, for all tenants. Keyed by the normalized email (<see cref="Buffer.EmailKey"/>).
/// At most one provider call at a time per email; callers that arrive during it share its outcome.
/// </summary>
public interface IEmailGrain : IGrainWithStringKey
{
    /// <summary>Answers from the cache or, where it has nothing fresh, from the provider.</summary>
    /// <param name="requester">Whom the ledger names, should this call be the one that pays.</param>
    /// <param name="cancellationToken">Ends the caller's wait; a provider call under way goes on, its outcome is kept.</param>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<EnrichOutcome> EnrichAsync(Tenant requester, CancellationToken cancellationToken);
}
