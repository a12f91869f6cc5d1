namespace LeadGrain.GrainInterfaces.Crm;

/// <summary>The leads of one organization as its people work on them. Keyed by <see cref="Organizations.Tenant.GrainKey"/>; keeps no state.</summary>
public interface ICrmGrain : IGrainWithStringKey
{
    /// <summary>A page of leads, newest first.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<CrmPage> ListAsync(CrmQuery query, CancellationToken cancellationToken);

    /// <summary>A lead with its history; null where there is none.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<CrmHistory?> GetAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Changes a lead and notes who did.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<CrmOutcome> ChangeAsync(CrmChange change, CancellationToken cancellationToken);
}
