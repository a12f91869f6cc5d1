using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Grains.Audit;

/// <summary>One organization's audit log. It keeps nothing in memory.</summary>
internal sealed class AuditGrain(AuditLogStore store) : Grain, IAuditGrain
{
    /// <inheritdoc/>
    public Task<AuditPage> ListAsync(AuditQuery query, CancellationToken cancellationToken)
        => store.ListAsync(Tenant.FromGrainKey(this.GetPrimaryKeyString()), query);
}
