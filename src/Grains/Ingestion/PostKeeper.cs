using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Keeps posts without their grain, in the same commits as a grain would.</summary>
internal sealed partial class PostKeeper(RawStore raw, IngestionCommits commits, ILogger<PostKeeper> log) : IPostKeeper
{
    /// <inheritdoc/>
    public Guid NextId() => commits.NextId();

    /// <inheritdoc/>
    public async Task<PostOutcome> KeepAsync(Tenant tenant, RawPost post, CancellationToken givenUp)
    {
        var outcome = await commits.CommitAsync(await raw.EnsureOrganizationAsync(tenant.App, tenant.Org), post, givenUp);
        LogKept(post.RequestId);
        return outcome;
    }

    [LoggerMessage(139, LogLevel.Warning, "The post of request {XRequestId} is kept without its grain, which did not answer")]
    private partial void LogKept(string xRequestId);
}
