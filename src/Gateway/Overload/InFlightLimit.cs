using System.Diagnostics.Metrics;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Overload;

/// <summary>Sheds requests over a fixed number under way, before their bodies are read.</summary>
internal sealed class InFlightLimit
{
    internal const string MeterName = "LeadGrain.Gateway";

    private readonly Counter<long> _shed;
    private readonly int _limit;
    private int _inFlight;

    public InFlightLimit(IOptions<GatewayOptions> options, IMeterFactory meters)
    {
        _limit = options.Value.MaxInFlight;
        _shed = meters.Create(MeterName).CreateCounter<long>(
            "leadgrain.gateway.requests.shed", "{request}", "Requests refused because too many were under way.");
    }

    /// <summary>Puts a group's endpoints under the limit.</summary>
    internal void Guard(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => InvokeAsync(context, inner);
    });

    private async Task InvokeAsync(HttpContext context, RequestDelegate inner)
    {
        try
        {
            if (Interlocked.Increment(ref _inFlight) > _limit)
            {
                _shed.Add(1);
                await context.AnswerAsync(Problem.Overloaded());
                return;
            }

            await inner(context);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }
}
