using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Gate;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>What became of a lead that was taken in; all of it is committed.</summary>
/// <param name="LeadId">Identifier.</param>
/// <param name="Status">HELD, ACTIVE, BLOCKED or DEAD.</param>
/// <param name="Health">What the health gate found.</param>
/// <param name="Target">Where it goes; null where nowhere.</param>
/// <param name="RuleId">By which rule.</param>
/// <param name="CampaignKind">What kind of campaign it went to, where that is known; null of one that is new or gone.</param>
[GenerateSerializer, Immutable]
public sealed record IngestOutcome(Guid LeadId, string Status, Health Health, RuleTarget? Target, Guid? RuleId, string? CampaignKind = null);

/// <summary>How a lead would be judged and routed now.</summary>
/// <param name="LeadId">The id by which the split by weights went.</param>
/// <param name="Status">That the lead would get: HELD or BLOCKED.</param>
/// <param name="Health">What the health gate finds.</param>
/// <param name="Winner">The rule that would take it, also where the gate blocks it.</param>
/// <param name="Verdicts">What every rule is to the lead, in the order in which they are asked.</param>
[GenerateSerializer, Immutable]
public sealed record RoutePreview(Guid LeadId, string Status, Health Health, RoutingRule? Winner, ImmutableArray<RuleVerdict> Verdicts);

/// <summary>The states of routed leads, as they are on the wire and in the database.</summary>
public static class RoutedStatus
{
    /// <summary>In the holding pool, or bound for a campaign that does not have it yet.</summary>
    public const string Held = "HELD";

    /// <summary>Its campaign has it.</summary>
    public const string Active = "ACTIVE";

    /// <summary>The health gate keeps it back.</summary>
    public const string Blocked = "BLOCKED";

    /// <summary>Its campaign does not take it.</summary>
    public const string Dead = "DEAD";
}
