using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Jobs;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Takes in what is posted for one organization. Of its own it has only the organization's number.</summary>
internal sealed class IngestionGrain(RawStore raw, RawLogStore rawLog, IngestionCommits commits, JobStore jobs) : Grain, IIngestionGrain
{
    private long? _organizationId;

    /// <inheritdoc/>
    public async Task<PostOutcome> IngestAsync(RawPost post, CancellationToken cancellationToken)
        => await commits.CommitAsync(_organizationId ?? await FindOrganizationAsync(), post, cancellationToken);

    /// <inheritdoc/>
    public async Task<ImmutableArray<PostOutcome>> IngestManyAsync(ImmutableArray<RawPost> posts, CancellationToken cancellationToken)
    {
        var organizationId = _organizationId ?? await FindOrganizationAsync();
        var outcomes = new Task<PostOutcome>[posts.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = commits.CommitAsync(organizationId, posts[i], cancellationToken);
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(await Task.WhenAll(outcomes));
    }

    /// <inheritdoc/>
    public async Task<RawPage> ListRawAsync(RawQuery query, CancellationToken cancellationToken)
        => await rawLog.ListAsync(_organizationId ?? await FindOrganizationAsync(), query);

    /// <inheritdoc/>
    public async Task<RawDocument?> GetRawAsync(Guid id, CancellationToken cancellationToken)
        => await rawLog.FindAsync(_organizationId ?? await FindOrganizationAsync(), id);

    /// <inheritdoc/>
    public async Task<Guid> ReplayAsync(ReplayCommand command, Actor actor, CancellationToken cancellationToken)
    {
        var spec = ReplaySpec.Of(command);
        var organizationId = _organizationId ?? await FindOrganizationAsync();
        return await jobs.AddAsync(organizationId, ReplayJob.KindName, spec.ToJson(), actor, "raw_replayed", spec.Audited());
    }

    private async Task<long> FindOrganizationAsync()
    {
        var tenant = Tenant.FromGrainKey(this.GetPrimaryKeyString());
        var id = await raw.EnsureOrganizationAsync(tenant.App, tenant.Org);
        _organizationId = id;
        return id;
    }
}
