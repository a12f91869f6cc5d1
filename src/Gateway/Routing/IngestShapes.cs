using System.Text.Json;
using System.Text.Json.Serialization;

namespace LeadGrain.Gateway.Routing;

/// <summary>A lead. Further members are kept, and sent along as custom fields.</summary>
/// <param name="Email">Need not be valid: the health gate says so.</param>
/// <param name="Persona">What rules match first.</param>
/// <param name="LeadScore">A number; 0 where absent.</param>
/// <param name="FirstName">Sent along.</param>
/// <param name="LastName">Sent along.</param>
/// <param name="Company">Sent along.</param>
/// <param name="Source">Where it comes from; api unless told.</param>
public sealed record IngestRequest(
    string Email,
    string? Persona = null,
    [property: JsonPropertyName("lead_score")] double? LeadScore = null,
    [property: JsonPropertyName("first_name")] string? FirstName = null,
    [property: JsonPropertyName("last_name")] string? LastName = null,
    string? Company = null,
    string? Source = null);

/// <summary>What became of a lead.</summary>
/// <param name="Success">True.</param>
/// <param name="Data">The rest.</param>
public sealed record IngestResponse(bool Success, IngestedLead Data);

/// <summary>A lead that was taken in.</summary>
/// <param name="Message">Lead ingested successfully, Lead in holding pool, or Lead blocked by health gate.</param>
/// <param name="LeadId">Identifier.</param>
/// <param name="AssignedCampaignId">The campaign it goes to; null where none.</param>
/// <param name="PushedToSmartlead">Whether that campaign has it.</param>
/// <param name="Status">HELD, ACTIVE, BLOCKED or DEAD.</param>
/// <param name="Health">What the health gate found.</param>
/// <param name="RuleId">The rule that took it.</param>
/// <param name="Namespace">The namespace it goes to; null where none.</param>
/// <param name="Push">What became of its push so far; null where there is none.</param>
public sealed record IngestedLead(
    string Message,
    Guid LeadId,
    string? AssignedCampaignId,
    bool PushedToSmartlead,
    string Status,
    HealthView Health,
    Guid? RuleId,
    string? Namespace,
    PushView? Push);

/// <summary>What the health gate found.</summary>
/// <param name="Classification">GREEN, YELLOW or RED.</param>
/// <param name="Score">0 to 100.</param>
/// <param name="Checks">What told against the lead.</param>
public sealed record HealthView(string Classification, int Score, IReadOnlyList<HealthCheckView> Checks);

/// <summary>A check that told against a lead.</summary>
/// <param name="Name">syntax, disposable_domain, role_address, no_mail_host, suppressed, bounced, complained or duplicate.</param>
/// <param name="Points">What it took off the score.</param>
/// <param name="Reason">For people.</param>
public sealed record HealthCheckView(string Name, int Points, string Reason);

/// <summary>What became of a push.</summary>
/// <param name="State">pushed, pending, failed or unknown_campaign.</param>
/// <param name="Reason">Of a failure; it is tried again by itself where that can help.</param>
public sealed record PushView(string State, string? Reason);

/// <summary>How a lead would be judged and routed now.</summary>
/// <param name="LeadId">The id by which the split by weights went.</param>
/// <param name="Status">That it would get: HELD or BLOCKED.</param>
/// <param name="Health">What the health gate finds.</param>
/// <param name="Target">Where it would go; null where nowhere.</param>
/// <param name="RuleId">The rule that would take it, also where the gate blocks it.</param>
/// <param name="Rules">What every rule is to it, in the order in which they are asked.</param>
public sealed record PreviewResponse(
    Guid LeadId, string Status, HealthView Health, RuleTargetBody? Target, Guid? RuleId, IReadOnlyList<RuleVerdictView> Rules);

/// <summary>What a rule is to a lead.</summary>
/// <param name="RuleId">Which.</param>
/// <param name="Name">Its name.</param>
/// <param name="Priority">Its priority.</param>
/// <param name="Outcome">won, outranked, outside_its_share, disabled, other_persona, score_too_low, condition_failed, outside_active_hours, cap_reached or campaign_cap_reached.</param>
/// <param name="Reason">For people.</param>
public sealed record RuleVerdictView(Guid RuleId, string? Name, int Priority, string Outcome, string Reason);

/// <summary>A page of routed leads, newest first.</summary>
/// <param name="Leads">The page.</param>
/// <param name="Next">To be given as <c>next</c> with the same filters for the following page; null at the end.</param>
public sealed record RoutedLeadsResponse(IReadOnlyList<RoutedLeadView> Leads, string? Next);

/// <summary>A lead that was taken in.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Email">As given.</param>
/// <param name="Persona">As given.</param>
/// <param name="Score">As given.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="Status">HELD, ACTIVE, BLOCKED or DEAD.</param>
/// <param name="Health">What the health gate found.</param>
/// <param name="Target">Where it goes; null where nowhere.</param>
/// <param name="RuleId">By which rule.</param>
/// <param name="Engagement">bounced, replied, unsubscribed or complained; null where nothing was heard.</param>
/// <param name="Data">The whole body.</param>
/// <param name="CreatedAt">When it was taken in.</param>
/// <param name="UpdatedAt">When its state last changed.</param>
public sealed record RoutedLeadView(
    Guid Id,
    string Email,
    string? Persona,
    double? Score,
    string Source,
    string Status,
    HealthView Health,
    RuleTargetBody? Target,
    Guid? RuleId,
    string? Engagement,
    JsonElement Data,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);
