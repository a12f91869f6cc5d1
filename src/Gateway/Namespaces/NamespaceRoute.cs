using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace LeadGrain.Gateway.Namespaces;

/// <summary>Reads the {namespace} of a path, or another name that may hold any character.</summary>
internal static class NamespaceRoute
{
    internal const string Parameter = "namespace";

    internal static Parsed<string> Read(HttpContext context, string parameter = Parameter)
    {
        var value = (string)context.GetRouteValue(parameter)!;

        // The server leaves %2F and what is not UTF-8 encoded, so that a % left over can mean either: only the raw target tells.
        var name = value.Contains('%', StringComparison.Ordinal) ? Decode(Segment(RawTarget(context), SegmentsBehind(context, parameter))) : value;
        if (name is null)
        {
            return Problem.InvalidParameter(parameter, "must be percent-encoded UTF-8.");
        }

        return NameRules.Broken(name, MemberReader.MaxIdLength) is { } must ? Problem.InvalidParameter(parameter, must) : name;
    }

    private static string RawTarget(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private static int SegmentsBehind(HttpContext context, string parameter)
    {
        var segments = ((RouteEndpoint)context.GetEndpoint()!).RoutePattern.PathSegments;
        for (var behind = 0; behind < segments.Count; behind++)
        {
            if (segments[^(behind + 1)].Parts is [RoutePatternParameterPart part] && part.Name == parameter)
            {
                return behind;
            }
        }

        throw new UnreachableException("The route has no such parameter.");
    }

    /// <summary>A path's segment, counted from its end.</summary>
    private static ReadOnlySpan<char> Segment(string target, int behind)
    {
        var path = target.AsSpan();
        var query = path.IndexOf('?');
        path = (query < 0 ? path : path[..query]).TrimEnd('/');
        for (; behind > 0; behind--)
        {
            path = path[..Math.Max(0, path.LastIndexOf('/'))].TrimEnd('/');
        }

        return path[(path.LastIndexOf('/') + 1)..];
    }

    /// <summary>Percent-decodes; null where an escape is broken or the bytes are not UTF-8.</summary>
    internal static string? Decode(ReadOnlySpan<char> encoded)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(encoded.Length)];
        var length = 0;
        while (!encoded.IsEmpty)
        {
            if (encoded[0] != '%')
            {
                length += Encoding.UTF8.GetBytes(encoded[..1], bytes.AsSpan(length));
                encoded = encoded[1..];
                continue;
            }

            if (encoded.Length < 3
                || !byte.TryParse(encoded[1..3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[length]))
            {
                return null;
            }

            length++;
            encoded = encoded[3..];
        }

        return Utf8.IsValid(bytes.AsSpan(0, length)) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }
}
