using LeadGrain.GrainInterfaces.Audit;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Security;

/// <summary>Who makes a request.</summary>
/// <param name="Actor">As the audit log names it, and why they say they do it.</param>
/// <param name="IsAdmin">Whether settings are theirs to change, and what was posted is theirs to see.</param>
internal sealed record Caller(Actor Actor, bool IsAdmin)
{
    /// <summary>Says why something is done; kept in the audit log.</summary>
    internal const string WhyHeader = "X-Audit-Reason";

    /// <summary>Whoever has the grid's own key.</summary>
    internal static Caller Grid { get; } = new("admin", IsAdmin: true);
}

internal static class CallerContext
{
    /// <summary>Who makes the request; for routes behind the <see cref="TenantGate"/>.</summary>
    internal static Caller Caller(this HttpContext context) => context.Features.Get<Caller>() ?? Security.Caller.Grid;
}

/// <summary>Marks an endpoint that an organization's key opens with the scope admin only.</summary>
internal sealed class AdminRequired
{
    internal static readonly AdminRequired Instance = new();
}

/// <summary>Marks an endpoint that no organization's key opens.</summary>
internal sealed class GridKeyRequired
{
    internal static readonly GridKeyRequired Instance = new();
}
