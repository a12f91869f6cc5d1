using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Namespaces;

namespace LeadGrain.GrainInterfaces.Organizations;

/// <summary>One tenant: what is asked across its namespaces, and its limits. Keyed by <see cref="Tenant.GrainKey"/>.</summary>
public interface IOrganizationGrain : IGrainWithStringKey
{
    /// <summary>A page of the tenant's served leads, newest first.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<ServedLeadPage> ListServedLeadsAsync(ServedLeadQuery query, CancellationToken cancellationToken);

    /// <summary>A page of the tenant's namespaces, by name.</summary>
    /// <param name="after">Names greater than this one; null for the first page.</param>
    /// <param name="limit">At most this many, 1 to 1000.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<NamespacePage> ListNamespacesAsync(string? after, int limit, CancellationToken cancellationToken);

    /// <summary>One namespace's status; null where nothing was ever pushed to it.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<NamespaceStatus?> GetNamespaceAsync(string name, CancellationToken cancellationToken);

    /// <summary>What was set of the tenant's limits; all defaults where nothing was.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<OrganizationLimits> GetLimitsAsync(CancellationToken cancellationToken);

    /// <summary>Sets all of the tenant's limits. Gateways learn of it within seconds.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    Task SetLimitsAsync(OrganizationLimits limits, Actor actor, CancellationToken cancellationToken);
}
