using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Organizations;

namespace LeadGrain.Grains.Audit;

/// <summary>One organization's audit log. It keeps nothing in memory.</summary>
internal sealed class AuditGrain(AuditLogStore store, AuditStore notes, OrganizationStore organizations) : Grain, IAuditGrain
{
    /// <inheritdoc/>
    public Task<AuditPage> ListAsync(AuditQuery query, CancellationToken cancellationToken)
        => store.ListAsync(Tenant.FromGrainKey(this.GetPrimaryKeyString()), query);

    /// <inheritdoc/>
    public async Task NoteAsync(AuditNote note, CancellationToken cancellationToken)
    {
        var organization = await organizations.FindOrAddAsync(Tenant.FromGrainKey(this.GetPrimaryKeyString()));
        await notes.AppendAsync(new AuditEntry(organization, note.Actor, note.Action, note.Entity, note.EntityId, After: note.After));
    }
}
