using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>Lets web pages post to the route for leads: those of all origins, or of the origins that are set.</summary>
internal sealed class CrossOrigin(IOptions<IngestionGatewayOptions> options)
{
    private const string ADay = "86400";
    private const string Methods = "POST, OPTIONS";
    private const string Exposed = "X-Request-Id, Retry-After";
    private const string AnyHeader = "Content-Type, Content-Encoding, Idempotency-Key, X-Request-Id, X-API-Key, X-App-Id, X-Org-Id";

    private readonly HashSet<string> _origins = new(options.Value.Origins, StringComparer.OrdinalIgnoreCase);

    /// <summary>Marks the answers of a group's endpoints, and of the faults in them.</summary>
    internal void Guard(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context =>
        {
            Allow(context);
            return inner(context);
        };
    });

    /// <summary>Answers browsers that ask before they post.</summary>
    internal void MapPreflight(IEndpointRouteBuilder routes) =>
        routes.MapMethods(IngestionApi.Path, [HttpMethods.Options], context =>
        {
            if (Allow(context))
            {
                var headers = context.Response.Headers;
                headers.AccessControlAllowMethods = Methods;
                headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders is [{ Length: > 0 } asked] ? asked : AnyHeader;
                headers.AccessControlMaxAge = ADay;
            }

            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }).ExcludeFromDescription();

    private bool Allow(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (_origins.Count == 0)
        {
            headers.AccessControlAllowOrigin = "*";
            headers.AccessControlExposeHeaders = Exposed;
            return true;
        }

        headers.Vary = "Origin";
        if (context.Request.Headers.Origin is not [{ } origin] || !_origins.Contains(origin))
        {
            return false;
        }

        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlExposeHeaders = Exposed;
        return true;
    }
}
