using System.Globalization;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Paging;
using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Crm;

/// <summary>A query of leads as read from its parameters.</summary>
internal sealed record CrmFilter(CrmQuery Query, IdPage Page)
{
    internal static Parsed<CrmFilter> Read(IQueryCollection parameters, Tenant tenant, PageTokens tokens)
    {
        var reader = new QueryReader(parameters);
        var query = new CrmQuery(
            reader.Text("status"),
            reader.Text("assignee") ?? reader.Text("assignedTo"),
            reader.Text("country"),
            reader.Text("offer"),
            reader.Text("source") ?? reader.Text("sourcetype"),
            reader.Text("q"),
            reader.Time("from"),
            reader.Time("to"),
            Before: null,
            reader.Limit());
        var next = reader.Text("next");
        reader.RefuseOthers();
        if (reader.Problem is { } problem)
        {
            return problem;
        }

        return IdPage.Open(tokens, next, ScopeOf(query, tenant)).Failed(out var broken, out var page)
            ? broken
            : new CrmFilter(query with { Before = page.Before }, page);
    }

    private static byte[] ScopeOf(CrmQuery query, Tenant tenant) => PageToken.Scope(
        "/crm/leads",
        tenant.App,
        tenant.Org,
        query.Status,
        query.Assignee,
        query.Country,
        query.Offer,
        query.Source,
        query.Text,
        query.From?.UtcTicks.ToString(CultureInfo.InvariantCulture),
        query.To?.UtcTicks.ToString(CultureInfo.InvariantCulture));
}
