using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.Gateway.Calls;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Overload;

/// <summary>
/// Bounds the deliveries whose proof is being checked: anybody can send one, also for an organization that does not exist. Half of the
/// places are open to one name at most, so that a flood for one leaves room for the others.
/// </summary>
internal sealed class UnprovenDeliveries(GrainCalls calls, IOptions<GatewayOptions> options, OverloadMetrics metrics)
{
    private readonly ConcurrentDictionary<Tenant, int> _byTenant = new();
    private readonly int _most = options.Value.MaxUnproven;
    private int _all;

    /// <summary>Checks a proof; null where too many are being checked.</summary>
    internal async Task<bool?> CheckAsync(Tenant tenant, DeliveryProof proof, CancellationToken aborted)
    {
        if (!TryEnter(tenant))
        {
            metrics.Shed(LimitNames.Unproven);
            return null;
        }

        try
        {
            return await calls.CallAsync<IDeliveryProofGrain, (Tenant Tenant, DeliveryProof Proof), bool>(
                GrainOf(tenant), (tenant, proof), static (grain, asked, token) => grain.VerifyAsync(asked.Tenant, asked.Proof, token), aborted);
        }
        finally
        {
            Leave(tenant);
        }
    }

    // The same on each gateway, so that a name is remembered in one place.
    private static string GrainOf(Tenant tenant)
        => (BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(tenant.GrainKey))) % IDeliveryProofGrain.Grains).ToString(CultureInfo.InvariantCulture);

    private bool TryEnter(Tenant tenant)
    {
        var all = Interlocked.Increment(ref _all);
        var own = _byTenant.AddOrUpdate(tenant, 1, static (_, count) => count + 1);
        if (all <= _most && own <= Math.Max(1, _most / 2))
        {
            return true;
        }

        Leave(tenant);
        return false;
    }

    private void Leave(Tenant tenant)
    {
        Interlocked.Decrement(ref _all);
        if (_byTenant.AddOrUpdate(tenant, 0, static (_, count) => count - 1) == 0)
        {
            // Only where nobody has entered meanwhile.
            _byTenant.TryRemove(KeyValuePair.Create(tenant, 0));
        }
    }
}
