using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Leads;
using LeadGrain.Grains.Namespaces;

namespace LeadGrain.Grains.Organizations;

/// <summary>One tenant. It only reads so far, so its calls interleave.</summary>
internal sealed class OrganizationGrain(LeadStore leads, NamespaceStore namespaces) : Grain, IOrganizationGrain
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
}
