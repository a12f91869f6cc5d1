using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>Leads of the holding pool to be routed by the rules as they are now.</summary>
/// <param name="LeadIds">These, at most <see cref="MostIds"/>; null for all, a step at a time.</param>
/// <param name="After">For all: the last one of the step before.</param>
/// <param name="Actor">Who asks for it.</param>
[GenerateSerializer, Immutable]
public sealed record PoolRouteCommand(ImmutableArray<Guid>? LeadIds, Guid? After, Actor Actor)
{
    /// <summary>The most leads that one command names.</summary>
    public const int MostIds = 1_000;
}

/// <summary>What became of a step.</summary>
/// <param name="Routed">Leads that a rule took.</param>
/// <param name="Blocked">Leads that the health gate blocks by now.</param>
/// <param name="Held">Leads that no rule takes still.</param>
/// <param name="NotHeld">Leads that were asked for and are not in the pool: routed already, blocked, or nobody's.</param>
/// <param name="Last">The last lead that was looked at where there may be more; null at the end.</param>
[GenerateSerializer, Immutable]
public sealed record PoolRouteOutcome(int Routed, int Blocked, int Held, int NotHeld, Guid? Last);
