using System.Collections.Concurrent;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Grains.Idempotency;

/// <summary>
/// The keys of requests under way, in all namespaces of the process: a key is its organization's, so two namespaces that came to
/// commit one at once would end in a violation of its uniqueness.
/// </summary>
internal sealed class KeysInUse
{
    private readonly ConcurrentDictionary<(Tenant, KeyedRoute, string), byte[]> _bodies = new();

    /// <summary>Takes a key until <see cref="Release"/>.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="route">Of the request.</param>
    /// <param name="key">Of the request.</param>
    /// <param name="body">The hash of the body of the request that has it, this one's where it was free.</param>
    /// <returns>False where another request has it.</returns>
    internal bool TryTake(Tenant tenant, KeyedRoute route, RequestKey key, out byte[] body)
    {
        body = _bodies.GetOrAdd((tenant, route, key.Key), key.Body);
        return ReferenceEquals(body, key.Body);
    }

    /// <summary>Gives a key back that was taken.</summary>
    internal void Release(Tenant tenant, KeyedRoute route, RequestKey key)
        => _bodies.TryRemove(KeyValuePair.Create((tenant, route, key.Key), key.Body));
}
