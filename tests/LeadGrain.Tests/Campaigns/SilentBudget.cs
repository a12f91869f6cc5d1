using System.Collections.Immutable;
using System.Reflection;
using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Tests.Campaigns;

/// <summary>The budget of a key in a silo that stops: it has given its permit, and is gone when the request has ended.</summary>
internal sealed class SilentBudget : IRateBudgetGrain
{
    internal static IGrainFactory Grains { get; } = DispatchProxy.Create<IGrainFactory, Factory>();

    public Task<RatePermit> TakeAsync(string campaign, ImmutableArray<RateLimit> limits, TimeSpan longest, CancellationToken cancellationToken)
        => Task.FromResult(new RatePermit(Guid.NewGuid(), TimeSpan.Zero));

    public Task EndAsync(Guid permit, TimeSpan? blockFor, CancellationToken cancellationToken)
        => Task.FromException(new TimeoutException("The silo has stopped."));

#pragma warning disable CA1852 // The proxy is a class derived from it.
    internal class Factory : DispatchProxy
#pragma warning restore CA1852
    {
        protected override object Invoke(MethodInfo? targetMethod, object?[]? args) => new SilentBudget();
    }
}
