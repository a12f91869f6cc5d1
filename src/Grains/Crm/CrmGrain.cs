using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Grains.Crm;

/// <summary>The leads of one organization, as they stand in the database, which also keeps changes in order.</summary>
internal sealed class CrmGrain(CrmStore store) : Grain, ICrmGrain
{
    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public Task<CrmPage> ListAsync(CrmQuery query, CancellationToken cancellationToken) => store.ListAsync(Tenant, query);

    /// <inheritdoc/>
    public Task<CrmHistory?> GetAsync(Guid id, CancellationToken cancellationToken) => store.FindAsync(Tenant, id);

    /// <inheritdoc/>
    public Task<CrmOutcome> ChangeAsync(CrmChange change, CancellationToken cancellationToken) => store.ChangeAsync(Tenant, change);
}
