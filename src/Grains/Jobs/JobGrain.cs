using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Jobs;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Grains.Jobs;

/// <summary>The jobs of one organization, as they stand in the database.</summary>
internal sealed class JobGrain(JobStore jobs) : Grain, IJobGrain
{
    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public Task<JobPage> ListAsync(Guid? before, int limit, CancellationToken cancellationToken) => jobs.ListAsync(Tenant, before, limit);

    /// <inheritdoc/>
    public Task<Job?> GetAsync(Guid id, CancellationToken cancellationToken) => jobs.FindAsync(Tenant, id);

    /// <inheritdoc/>
    public async Task<Job?> CancelAsync(Guid id, Actor actor, CancellationToken cancellationToken)
    {
        await jobs.CancelAsync(Tenant, id, actor);
        return await jobs.FindAsync(Tenant, id);
    }
}
