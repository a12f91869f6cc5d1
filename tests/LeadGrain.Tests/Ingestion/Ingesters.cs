using System.Collections.Immutable;
using System.Reflection;
using LeadGrain.Gateway.Calls;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Stands between a grid's gateway and its ingestion grains, and decides how a post is answered.</summary>
internal sealed class Ingesters
{
    /// <summary>Answers a post; null: its grain does.</summary>
    internal Func<IIngestionGrain, RawPost, CancellationToken, Task<PostOutcome>>? Answer { get; set; }

    internal void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton(services =>
    {
        var grains = DispatchProxy.Create<IGrainFactory, IngesterFactory>();
        ((IngesterFactory)(object)grains).Set(services.GetRequiredService<IGrainFactory>(), this);
        return ActivatorUtilities.CreateInstance<GrainCalls>(services, grains);
    });

    internal IIngestionGrain Before(IIngestionGrain grain) => new Between(grain, this);

    private sealed class Between(IIngestionGrain grain, Ingesters ingesters) : IIngestionGrain
    {
        public Task<PostOutcome> IngestAsync(RawPost post, CancellationToken cancellationToken)
            => ingesters.Answer?.Invoke(grain, post, cancellationToken) ?? grain.IngestAsync(post, cancellationToken);

        public Task<ImmutableArray<PostOutcome>> IngestManyAsync(ImmutableArray<RawPost> posts, CancellationToken cancellationToken)
            => grain.IngestManyAsync(posts, cancellationToken);

        public Task<RawPage> ListRawAsync(RawQuery query, CancellationToken cancellationToken) => grain.ListRawAsync(query, cancellationToken);

        public Task<RawDocument?> GetRawAsync(Guid id, CancellationToken cancellationToken) => grain.GetRawAsync(id, cancellationToken);

        public Task<Guid> ReplayAsync(ReplayCommand command, Actor actor, CancellationToken cancellationToken)
            => grain.ReplayAsync(command, actor, cancellationToken);
    }
}

/// <summary>A proxy, because the grain factories of the two hosts do not have the same members.</summary>
public class IngesterFactory : DispatchProxy
{
    private IGrainFactory _grains = null!;
    private Ingesters _ingesters = null!;

    internal void Set(IGrainFactory grains, Ingesters ingesters) => (_grains, _ingesters) = (grains, ingesters);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var grain = targetMethod!.Invoke(_grains, args);
        return grain is IIngestionGrain real ? _ingesters.Before(real) : grain;
    }
}
