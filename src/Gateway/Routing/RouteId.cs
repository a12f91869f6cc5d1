using System.Runtime.InteropServices;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>Reads the {id} of a path. What is no UUID names nothing.</summary>
internal static class RouteId
{
    internal static bool TryRead(HttpContext context, out Guid id) => Guid.TryParse((string?)context.GetRouteValue("id"), out id);
}

/// <summary>A body as it came in, once it is known to be a JSON object.</summary>
internal static class RawInput
{
    internal static Parsed<byte[]> Read(JsonElement root) => JsonMarshal.GetRawUtf8Value(root).ToArray();
}
