using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Pipeline;

/// <summary>Gives every request an id: the caller's own where it is usable.</summary>
internal static class RequestIdentity
{
    internal const string Header = "X-Request-Id";

    private const int MaxLength = 128;

    /// <summary>Sets the id as the trace identifier, and answers it.</summary>
    internal static void Assign(HttpContext context)
    {
        var id = context.Request.Headers[Header] is [{ Length: > 0 and <= MaxLength } given]
            && !given.AsSpan().ContainsAnyExceptInRange(' ', '~')
                ? given
                : Guid.NewGuid().ToString("N");
        context.TraceIdentifier = id;
        context.Response.Headers[Header] = id;
    }
}
