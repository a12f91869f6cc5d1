using System.Text;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Paging;

/// <summary>A list's page by the text that it begins behind, and what its tokens are good for.</summary>
internal sealed record TextPage(string? After, int Limit, byte[] Scope)
{
    internal static Parsed<TextPage> Read(IQueryCollection parameters, PageTokens tokens, byte[] scope)
    {
        var reader = new QueryReader(parameters);
        var limit = reader.Limit();
        var next = reader.Text("next");
        return reader.Problem is { } problem ? problem
            : next is null ? new TextPage(null, limit, scope)
            : tokens.Open(scope, next) is { } position ? new TextPage(Encoding.UTF8.GetString(position), limit, scope)
            : Problem.InvalidNext();
    }

    /// <summary>The token for the page after this item.</summary>
    internal string Next(PageTokens tokens, string last) => tokens.Seal(Scope, Encoding.UTF8.GetBytes(last));
}
