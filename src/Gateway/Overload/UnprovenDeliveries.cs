using System.Collections.Concurrent;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Overload;

/// <summary>
/// Bounds the deliveries that are not proven yet: anybody can send one, for made-up organizations and as slowly as wanted. Until it is
/// known whose they are, all of them together have one share of the places and of the memory for bodies. Of the proofs that are checked
/// at once half are open to one name at most, so that a flood for one leaves room for the others.
/// </summary>
internal sealed class UnprovenDeliveries(
    GrainCalls calls, IOptions<GatewayOptions> options, HeldRefusals refusals, OverloadMetrics metrics, TimeProvider time)
{
    private readonly ConcurrentDictionary<Tenant, int> _byTenant = new();
    private readonly int _most = options.Value.MaxUnproven;
    private readonly OrganizationShare _share = new(
        null, new EffectiveLimits(Math.Max(1, options.Value.MaxInFlight / 4), null), time.GetTimestamp(), JsonBody.SmallLimit);
    private int _all;

    /// <summary>Takes a group's endpoints into the share, before their bodies are read; a proven one leaves it for its organization's.</summary>
    internal void Guard(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => Invoke(context, inner);
    });

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
                SharedGrains.KeyOf(tenant.GrainKey, IDeliveryProofGrain.Grains), (tenant, proof), static (grain, asked, token) => grain.VerifyAsync(asked.Tenant, asked.Proof, token), aborted);
        }
        finally
        {
            Leave(tenant);
        }
    }

    private Task Invoke(HttpContext context, RequestDelegate inner)
    {
        var slot = context.Features.Get<InFlightSlot>()!;
        if (_share.TryEnter(reserve: 0, time.GetTimestamp()) == Entry.Entered)
        {
            slot.TryJoin(_share); // without a body there is nothing to refuse yet
            return inner(context);
        }

        metrics.Shed(LimitNames.Unproven);
        slot.Refuse();
        return refusals.AnswerAsync(context, Problem.Overloaded());
    }

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
