using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>What an organization has set, as its grain keeps it.</summary>
/// <param name="OrganizationId">Its row.</param>
/// <param name="Epoch">That this activation has claimed.</param>
/// <param name="Rules">In the order in which they are asked.</param>
/// <param name="Gate">The health gate's settings.</param>
internal sealed record RoutingState(long OrganizationId, long Epoch, ImmutableArray<RoutingRule> Rules, GateSettings Gate)
{
    internal bool FeedsNamespaces => Rules.Any(static rule => rule.Definition.Target.Namespace is not null);
}
