using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Leads;
using LeadGrain.Grains.Namespaces;

namespace LeadGrain.Grains.Organizations;

/// <summary>One tenant. It keeps nothing in memory, so its reads interleave and its writes need no epoch: the last one stands.</summary>
internal sealed class OrganizationGrain(LeadStore leads, NamespaceStore namespaces, LimitsStore store) : Grain, IOrganizationGrain
{
    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public Task<ServedLeadPage> ListServedLeadsAsync(ServedLeadQuery query, CancellationToken cancellationToken)
        => leads.ListAsync(Tenant, query, cancellationToken);

    /// <inheritdoc/>
    public Task<NamespacePage> ListNamespacesAsync(string? after, int limit, CancellationToken cancellationToken)
        => namespaces.ListAsync(Tenant, after, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<NamespaceStatus?> GetNamespaceAsync(string name, CancellationToken cancellationToken)
        => namespaces.FindAsync(Tenant, name, cancellationToken);

    /// <inheritdoc/>
    public Task<OrganizationLimits> GetLimitsAsync(CancellationToken cancellationToken)
        => store.GetAsync(Tenant, cancellationToken);

    /// <inheritdoc/>
    public Task SetLimitsAsync(OrganizationLimits limits, Actor actor, CancellationToken cancellationToken)
        => store.SetAsync(Tenant, limits, actor);
}
