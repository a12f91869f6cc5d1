using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Security;

internal static class TenantContext
{
    /// <summary>For whom the request acts; there behind the <see cref="TenantGate"/> only.</summary>
    internal static Tenant Tenant(this HttpContext context) =>
        context.Features.Get<Tenant>() ?? throw new InvalidOperationException("The route is not behind the tenant gate.");
}
