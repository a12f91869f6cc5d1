using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>A rule of an organization.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Position">Its age among the rules: the lower, the older.</param>
/// <param name="Definition">What it says.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was last changed.</param>
[GenerateSerializer, Immutable]
public sealed record RoutingRule(Guid Id, long Position, RuleDefinition Definition, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>What a rule says: which leads it is for, and where they go.</summary>
/// <param name="Name">For people; at most 255 characters.</param>
/// <param name="Persona">Matched exactly but for case; <see cref="AnyPersona"/> for any, also none.</param>
/// <param name="MinScore">The lowest score that matches; a lead without a score counts as 0.</param>
/// <param name="Priority">Rules are asked from the highest on; of equal ones the oldest first, unless weights split them.</param>
/// <param name="Target">Where matching leads go.</param>
/// <param name="Conditions">All must hold.</param>
/// <param name="DailyCap">The most leads of one day, in the time zone of the active hours or UTC; null for any number.</param>
/// <param name="Weight">Its part among the matching rules of equal priority, where any of them has a weight; null counts as 1.</param>
/// <param name="ActiveHours">When it takes leads; null for always.</param>
/// <param name="Enabled">Whether it takes leads at all.</param>
[GenerateSerializer, Immutable]
public sealed record RuleDefinition(
    string? Name,
    string Persona,
    double MinScore,
    int Priority,
    RuleTarget Target,
    ImmutableArray<RuleCondition> Conditions,
    int? DailyCap,
    int? Weight,
    ActiveHours? ActiveHours,
    bool Enabled)
{
    /// <summary>Matches every persona.</summary>
    public const string AnyPersona = "*";

    /// <summary>The most conditions of a rule.</summary>
    public const int MaxConditions = 50;

    /// <summary>The most rules of an organization; they are held in memory, and each lead is held against them.</summary>
    public const int MaxRules = 1_000;
}

/// <summary>Where leads go: to an outside campaign or to a namespace of the grid, exactly one of the two.</summary>
/// <param name="CampaignId">The campaign as its service names it.</param>
/// <param name="Namespace">The namespace whose buffer takes them.</param>
[GenerateSerializer, Immutable]
public sealed record RuleTarget(string? CampaignId, string? Namespace);

/// <summary>What must hold of one field of a lead's body.</summary>
/// <param name="Path">Member names joined by dots; a number picks an array's element.</param>
/// <param name="Operator">How it is compared.</param>
/// <param name="Values">With what: one value, for <see cref="ConditionOperator.In"/> any number, for
/// <see cref="ConditionOperator.Exists"/> true or false.</param>
[GenerateSerializer, Immutable]
public sealed record RuleCondition(string Path, ConditionOperator Operator, ImmutableArray<ConditionValue> Values);

/// <summary>How a field is compared.</summary>
public enum ConditionOperator
{
    /// <summary>The same: texts without regard to case, numbers by value.</summary>
    Equals,

    /// <summary>The same as one of several.</summary>
    In,

    /// <summary>A text with this in it, without regard to case, or an array with this as an element.</summary>
    Contains,

    /// <summary>There and not null; or, with false, not.</summary>
    Exists,

    /// <summary>A number, or a text that is one, greater than this.</summary>
    Gt,

    /// <summary>Greater or the same.</summary>
    Gte,

    /// <summary>Less.</summary>
    Lt,

    /// <summary>Less or the same.</summary>
    Lte,
}

/// <summary>A JSON text, number, true or false.</summary>
/// <param name="Kind">Which of them.</param>
/// <param name="Text">As it is written, a text without its quotes.</param>
[GenerateSerializer, Immutable]
public readonly record struct ConditionValue(ConditionKind Kind, string Text);

/// <summary>What kind of JSON a value is.</summary>
public enum ConditionKind
{
    /// <summary>A string.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Truth,
}

/// <summary>When a rule takes leads, by the clock on the wall of its time zone.</summary>
/// <param name="TimeZone">IANA name, such as Europe/Berlin.</param>
/// <param name="Days">On which days; a window over midnight belongs to the day on which it begins.</param>
/// <param name="From">Minutes after midnight, 0 to 1439.</param>
/// <param name="To">Minutes after midnight, exclusive, 0 to 1440; not after <paramref name="From"/>: on the next day.</param>
[GenerateSerializer, Immutable]
public sealed record ActiveHours(string TimeZone, ImmutableArray<DayOfWeek> Days, int From, int To);
