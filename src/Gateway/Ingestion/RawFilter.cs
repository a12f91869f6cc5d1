using System.Globalization;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>A query of the raw log as read from its parameters.</summary>
internal sealed record RawFilter(RawQuery Query, IdPage Page)
{
    internal static Parsed<RawFilter> Read(IQueryCollection parameters, Tenant tenant, PageTokens tokens)
    {
        var reader = new QueryReader(parameters);
        var query = new RawQuery(reader.Text("state"), reader.Time("from"), reader.Time("to"), null, reader.Limit());
        var next = reader.Text("next");
        if (reader.Problem is { } problem)
        {
            return problem;
        }

        if (query.State is { } state && !RawStates.All.Contains(state))
        {
            return Problem.InvalidParameter("state", $"must be one of {string.Join(", ", RawStates.All)}.");
        }

        var scope = PageToken.Scope(
            "/raw",
            tenant.App,
            tenant.Org,
            query.State,
            query.From?.UtcTicks.ToString(CultureInfo.InvariantCulture),
            query.To?.UtcTicks.ToString(CultureInfo.InvariantCulture));
        return IdPage.Open(tokens, next, scope).Failed(out var broken, out var page)
            ? broken
            : new RawFilter(query with { Before = page.Before }, page);
    }
}
