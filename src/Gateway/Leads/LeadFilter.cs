using System.Globalization;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Leads;

/// <summary>A served-leads query as read from its parameters, and what its page tokens are good for.</summary>
internal sealed record LeadFilter(ServedLeadQuery Query, byte[] Scope)
{
    private const int GuidLength = 16;

    internal static Parsed<LeadFilter> Read(IQueryCollection parameters, Tenant tenant, PageTokens tokens)
    {
        var reader = new QueryReader(parameters);
        var query = new ServedLeadQuery(
            reader.Text("namespace"),
            reader.Text("brandId"),
            reader.Text("clerkOrgId"),
            reader.Text("clerkUserId"),
            reader.Text("email") is { } email ? EmailKey.Of(email) : null,
            reader.Time("servedAfter"),
            reader.Time("servedBefore"),
            Before: null,
            reader.Limit());
        var next = reader.Text("next");
        if (reader.Problem is { } problem)
        {
            return problem;
        }

        var scope = ScopeOf(query, tenant);
        if (next is null)
        {
            return new LeadFilter(query, scope);
        }

        return tokens.Open(scope, next) is { Length: GuidLength } position
            ? new LeadFilter(query with { Before = new Guid(position, bigEndian: true) }, scope)
            : Problem.InvalidNext();
    }

    /// <summary>The token for the page after this lead.</summary>
    internal string Next(PageTokens tokens, Guid last) => tokens.Seal(Scope, last.ToByteArray(bigEndian: true));

    private static byte[] ScopeOf(ServedLeadQuery query, Tenant tenant) => PageToken.Scope(
        "/leads",
        tenant.App,
        tenant.Org,
        query.Namespace,
        query.BrandId,
        query.ClerkOrgId,
        query.ClerkUserId,
        query.EmailKey,
        query.ServedAfter?.UtcTicks.ToString(CultureInfo.InvariantCulture),
        query.ServedBefore?.UtcTicks.ToString(CultureInfo.InvariantCulture));
}
