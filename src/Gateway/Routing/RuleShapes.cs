using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace LeadGrain.Gateway.Routing;

/// <summary>What a routing rule says. min_score and target_campaign_id are other spellings of minScore and target.campaign.</summary>
/// <param name="Target">Where matching leads go. Required of a new rule.</param>
/// <param name="Name">For people.</param>
/// <param name="Persona">Matched exactly but for case; <c>*</c>, also where absent, for any.</param>
/// <param name="MinScore">The lowest score that matches; 0 unless told. A lead without a score counts as 0.</param>
/// <param name="Priority">Rules are asked from the highest on, of equal ones the oldest first; 0 unless told.</param>
/// <param name="Conditions">All must hold.</param>
/// <param name="DailyCap">The most leads of a day; beyond, leads go to the next match.</param>
/// <param name="Weight">Its part among matching rules of equal priority.</param>
/// <param name="ActiveHours">When it takes leads; outside, they go to the next match.</param>
/// <param name="Enabled">Whether it takes leads at all; true unless told.</param>
public sealed record RuleRequest(
    RuleTargetBody? Target = null,
    [property: MaxLength(255)] string? Name = null,
    [property: MinLength(1), MaxLength(255)] string? Persona = null,
    double? MinScore = null,
    [property: Range(-1_000_000_000, 1_000_000_000)] int? Priority = null,
    [property: MaxLength(50)] IReadOnlyList<ConditionBody>? Conditions = null,
    [property: Range(1, 1_000_000_000)] int? DailyCap = null,
    [property: Range(1, 1_000)] int? Weight = null,
    ActiveHoursBody? ActiveHours = null,
    bool? Enabled = null);

/// <summary>Where leads go: exactly one of the two.</summary>
/// <param name="Campaign">An outside campaign, as its service names it.</param>
/// <param name="Namespace">A namespace of the grid, whose buffer takes them.</param>
public sealed record RuleTargetBody([property: MinLength(1), MaxLength(255)] string? Campaign = null, [property: MinLength(1), MaxLength(255)] string? Namespace = null);

/// <summary>What must hold of one field of a lead.</summary>
/// <param name="Path">Member names joined by dots; a number picks an array's element.</param>
/// <param name="Op">equals, in, contains, exists, gt, gte, lt or lte.</param>
/// <param name="Value">With what it is compared: an array for <c>in</c>; true (also where absent) or false for <c>exists</c>.</param>
public sealed record ConditionBody(
    [property: MinLength(1), MaxLength(255)] string Path,
    [property: AllowedValues("equals", "in", "contains", "exists", "gt", "gte", "lt", "lte")] string Op,
    JsonElement? Value = null);

/// <summary>When a rule takes leads, by the clock on the wall.</summary>
/// <param name="TimeZone">IANA name.</param>
/// <param name="Days">mon to sun; every day unless told. A window over midnight belongs to the day on which it begins.</param>
/// <param name="From">Such as 09:00; 00:00 unless told.</param>
/// <param name="To">Such as 17:30, exclusive; not after from: on the next day. 24:00 unless told.</param>
public sealed record ActiveHoursBody(string TimeZone, IReadOnlyList<string>? Days = null, string? From = null, string? To = null);

/// <summary>A routing rule. Members with two spellings have both.</summary>
public sealed record RuleResponse(
    Guid Id,
    string? Name,
    string Persona,
    double MinScore,
    int Priority,
    RuleTargetBody Target,
    IReadOnlyList<ConditionBody> Conditions,
    int? DailyCap,
    int? Weight,
    ActiveHoursBody? ActiveHours,
    bool Enabled,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>All routing rules, in the order in which they are asked.</summary>
/// <param name="Rules">At most 1000.</param>
public sealed record RulesResponse(IReadOnlyList<RuleResponse> Rules);
