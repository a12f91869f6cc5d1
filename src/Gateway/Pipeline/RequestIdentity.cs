using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Pipeline;

/// <summary>Gives every request an id: the caller's own where it is usable.</summary>
internal static class RequestIdentity
{
    internal const string Header = "X-Request-Id";

    internal const int MaxLength = 128;

    private const int IdBytes = 16;

    /// <summary>Sets the id as the trace identifier, and answers it.</summary>
    internal static void Assign(HttpContext context)
    {
        var id = context.Request.Headers[Header] is [{ Length: > 0 and <= MaxLength } given]
            && !given.AsSpan().ContainsAnyExceptInRange(' ', '~')
                ? given
                : Make();
        context.TraceIdentifier = id;
        context.Response.Headers[Header] = id;
    }

    // 128 random bits tell requests apart; nobody need be unable to guess them, so no call to the system's source for each.
    private static string Make() => string.Create(IdBytes * 2, 0, static (id, _) =>
    {
        Span<byte> random = stackalloc byte[IdBytes];
        Random.Shared.NextBytes(random);
        Convert.TryToHexStringLower(random, id, out var _);
    });
}
