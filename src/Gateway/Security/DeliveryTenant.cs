using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Security;

/// <summary>For whom a delivery from outside says that it is: <c>orgId</c> and <c>appId</c> of its URL. Its proof is checked later.</summary>
internal static class DeliveryTenant
{
    /// <param name="query">The URL's.</param>
    /// <param name="app">The application where none is named.</param>
    /// <param name="unproven">The answer to a name that no organization can have: that of a wrong proof.</param>
    internal static Parsed<Tenant> Read(IQueryCollection query, string app, Func<Problem> unproven)
    {
        var reader = new QueryReader(query);
        var (org, named) = (reader.Text("orgId"), reader.Text("appId") ?? app);
        return reader.Problem is { } problem ? problem
            : org is null ? Problem.InvalidParameter("orgId", "is required.")
            : TenantGate.Broken("orgId", org) is not null || TenantGate.Broken("appId", named) is not null ? unproven()
            : new Tenant(named, org);
    }
}
