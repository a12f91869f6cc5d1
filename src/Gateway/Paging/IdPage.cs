using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Paging;

/// <summary>A list's page by the id that it begins behind, and what its tokens are good for.</summary>
internal sealed record IdPage(Guid? Before, byte[] Scope)
{
    private const int GuidLength = 16;

    internal static Parsed<IdPage> Open(PageTokens tokens, string? next, byte[] scope)
        => next is null ? new IdPage(null, scope)
            : tokens.Open(scope, next) is { Length: GuidLength } position ? new IdPage(new Guid(position, bigEndian: true), scope)
            : Problem.InvalidNext();

    /// <summary>The token for the page after this item.</summary>
    internal string Next(PageTokens tokens, Guid last) => tokens.Seal(Scope, last.ToByteArray(bigEndian: true));
}
