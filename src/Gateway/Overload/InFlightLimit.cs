using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Overload;

/// <summary>Sheds requests over a fixed number under way, before their bodies are read.</summary>
internal sealed class InFlightLimit(IOptions<GatewayOptions> options, LargeBodies bodies, HeldRefusals refusals, OverloadMetrics metrics)
{
    private readonly int _limit = options.Value.MaxInFlight;
    private readonly int _maxWaiting = options.Value.MaxWaiting;
    private readonly int _shareOfWaiting = GatewayOptions.ShareOf(options.Value.MaxWaiting);
    private int _inFlight;
    private int _waiting;

    /// <summary>Puts a group's endpoints under the limit.</summary>
    internal void Guard(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => Invoke(context, inner);
    });

    /// <summary>Counts a request as waiting; false where too many wait already.</summary>
    internal bool TryStartWaiting(OrganizationShare? share)
    {
        if (Interlocked.Increment(ref _waiting) <= _maxWaiting && share?.TryStartWaiting(_shareOfWaiting) != false)
        {
            metrics.Waiting(1);
            return true;
        }

        Interlocked.Decrement(ref _waiting);
        metrics.Shed(LimitNames.Waiting);
        return false;
    }

    internal void StopWaiting(OrganizationShare? share)
    {
        share?.StopWaiting();
        Interlocked.Decrement(ref _waiting);
        metrics.Waiting(-1);
    }

    internal void Leave() => Interlocked.Decrement(ref _inFlight);

    private Task Invoke(HttpContext context, RequestDelegate inner)
    {
        if (Interlocked.Increment(ref _inFlight) <= _limit)
        {
            return ServeAsync(context, inner);
        }

        Leave();
        metrics.Shed(LimitNames.InFlight);
        return refusals.AnswerAsync(context, Problem.Overloaded());
    }

    private async Task ServeAsync(HttpContext context, RequestDelegate inner)
    {
        var slot = new InFlightSlot(this, bodies);
        try
        {
            context.Features.Set(slot);
            await inner(context);
        }
        finally
        {
            slot.End();
        }
    }
}
