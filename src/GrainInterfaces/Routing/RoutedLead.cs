using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Gate;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>A lead that was taken in.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Email">As given.</param>
/// <param name="Persona">As given.</param>
/// <param name="Score">As given.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="Data">The whole body, raw UTF-8 JSON.</param>
/// <param name="Health">What the health gate found.</param>
/// <param name="Status">Of <see cref="RoutedStatus"/>.</param>
/// <param name="Target">Where it goes; null where nowhere.</param>
/// <param name="RuleId">By which rule.</param>
/// <param name="Engagement">bounced, replied, unsubscribed or complained; null where nothing was heard.</param>
/// <param name="CreatedAt">When it was taken in.</param>
/// <param name="UpdatedAt">When its state last changed.</param>
/// <param name="CampaignKind">Its campaign's; null where it has none, or none that is set up.</param>
[GenerateSerializer, Immutable]
public sealed record RoutedLead(
    Guid Id,
    string Email,
    string? Persona,
    double? Score,
    string Source,
    byte[] Data,
    Health Health,
    string Status,
    RuleTarget? Target,
    Guid? RuleId,
    string? Engagement,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? CampaignKind);

/// <summary>Which leads are asked for, newest first; null leaves a filter out.</summary>
/// <param name="Status">In this state.</param>
/// <param name="CampaignId">Bound for or in this campaign.</param>
/// <param name="Health">GREEN, YELLOW or RED.</param>
/// <param name="From">Taken in at or after.</param>
/// <param name="To">Taken in before.</param>
/// <param name="Before">The last one of the page before.</param>
/// <param name="Limit">At most this many.</param>
[GenerateSerializer, Immutable]
public sealed record RoutedLeadQuery(
    string? Status, string? CampaignId, string? Health, DateTimeOffset? From, DateTimeOffset? To, Guid? Before, int Limit);

/// <summary>A page of leads.</summary>
[GenerateSerializer, Immutable]
public sealed record RoutedLeadPage(ImmutableArray<RoutedLead> Leads, bool HasMore);
