using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Json;

/// <summary>Reads the {id} of a path.</summary>
internal static class IdRoute
{
    internal static Parsed<Guid> Read(HttpContext context)
        => Guid.TryParseExact((string?)context.GetRouteValue("id"), "D", out var id) ? id : Problem.InvalidParameter("id", "must be a UUID.");
}
