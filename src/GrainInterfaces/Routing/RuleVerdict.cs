namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>What a rule was to a lead.</summary>
public enum RuleFate
{
    /// <summary>The lead goes to its target.</summary>
    Won,

    /// <summary>It would have taken the lead, had the winner not come first.</summary>
    Outranked,

    /// <summary>It would have taken the lead, but the split by weights chose another of its priority.</summary>
    OutsideItsShare,

    /// <summary>It is switched off.</summary>
    Disabled,

    /// <summary>It is for another persona.</summary>
    OtherPersona,

    /// <summary>The lead's score is too low.</summary>
    ScoreTooLow,

    /// <summary>One of its conditions does not hold.</summary>
    ConditionFailed,

    /// <summary>It takes no leads at this hour.</summary>
    OutsideActiveHours,

    /// <summary>It has had as many leads today as it may.</summary>
    CapReached,

    /// <summary>Its campaign has had as many leads today as it may, by whichever rules.</summary>
    CampaignCapReached,
}

/// <summary>What became of a rule, and why, in words.</summary>
/// <param name="Rule">Which.</param>
/// <param name="Fate">What it was to the lead.</param>
/// <param name="Reason">For people.</param>
[GenerateSerializer, Immutable]
public sealed record RuleVerdict(RoutingRule Rule, RuleFate Fate, string Reason);
