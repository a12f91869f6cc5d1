using System.Collections.Concurrent;
using System.Reflection;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Tests.Gateway;

/// <summary>Grains in memory, found by interface and key.</summary>
internal sealed class FakeGrid
{
    private readonly ConcurrentDictionary<string, FakeNamespace> _namespaces = new();
    private readonly ConcurrentDictionary<string, FakeOrganization> _organizations = new();
    private readonly ConcurrentDictionary<string, FakeEmail> _emails = new();

    internal FakeGrid()
    {
        Grains = DispatchProxy.Create<IGrainFactory, FakeGrainFactory>();
        ((FakeGrainFactory)(object)Grains).Find = Find;
    }

    internal IGrainFactory Grains { get; }

    internal TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Thrown by the next calls, one each, before anything is done.</summary>
    internal ConcurrentQueue<Exception> Faults { get; } = new();

    /// <summary>Where calls wait, when set.</summary>
    internal TaskCompletionSource? Barrier { get; set; }

    internal SemaphoreSlim Arrived { get; } = new(0);

    /// <summary>Of every organization.</summary>
    internal FakeRouting Routing { get; } = new();

    internal FakeKeys Keys { get; } = new();

    internal EnrichOutcome Enrichment { get; set; } = new EnrichOutcome.NotConfigured();

    internal FakeNamespace Namespace(string key) => _namespaces.GetOrAdd(key, _ => new FakeNamespace(this));

    internal FakeOrganization Organization(string key) => _organizations.GetOrAdd(key, _ => new FakeOrganization(this));

    internal FakeEmail Email(string key) => _emails.GetOrAdd(key, _ => new FakeEmail(this));

    internal async Task EnterAsync(CancellationToken cancellationToken)
    {
        Arrived.Release();
        if (Faults.TryDequeue(out var fault))
        {
            throw fault;
        }

        if (Barrier is { } barrier)
        {
            await barrier.Task.WaitAsync(cancellationToken);
        }
    }

    private object Find(Type type, string key) => type switch
    {
        _ when type == typeof(INamespaceGrain) => Namespace(key),
        _ when type == typeof(IOrganizationGrain) => Organization(key),
        _ when type == typeof(IEmailGrain) => Email(key),
        _ when type == typeof(IRoutingGrain) || type == typeof(IDeliveryProofGrain) => Routing,
        _ when type == typeof(ICampaignsGrain) => new FakeCampaigns(),
        _ when type == typeof(IOrganizationKeyGrain) => Keys.At(key),
        _ => throw new NotSupportedException(type.Name),
    };
}

/// <summary>A proxy, because the grain factories of the two hosts do not have the same members.</summary>
public class FakeGrainFactory : DispatchProxy
{
    internal Func<Type, string, object> Find { get; set; } = null!;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        Find(targetMethod!.GetGenericArguments()[0], (string)args![0]!);
}
