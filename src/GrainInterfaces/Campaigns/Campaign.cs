using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>A campaign as it stands.</summary>
/// <param name="Id">As its service names it.</param>
/// <param name="Settings">Where its leads go.</param>
/// <param name="State">Whether it pushes.</param>
/// <param name="StoppedFor">Why it was stopped; null unless <see cref="CampaignState.Stopped"/>.</param>
/// <param name="Counts">Its pushes by state.</param>
/// <param name="CreatedAt">When it was set up.</param>
/// <param name="UpdatedAt">When its settings or state last changed.</param>
[GenerateSerializer, Immutable]
public sealed record Campaign(
    string Id, CampaignSettings Settings, CampaignState State, string? StoppedFor, PushCounts Counts, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Whether a campaign pushes.</summary>
public enum CampaignState
{
    /// <summary>It does.</summary>
    Active,

    /// <summary>Somebody paused it.</summary>
    Paused,

    /// <summary>Its target turned it away for a reason that does not pass by itself.</summary>
    Stopped,
}

/// <summary>A campaign's pushes by state.</summary>
[GenerateSerializer, Immutable]
public sealed record PushCounts(long Waiting, long Sending, long Sent, long Dead);

/// <summary>A page of campaigns.</summary>
[GenerateSerializer, Immutable]
public sealed record CampaignPage(ImmutableArray<Campaign> Campaigns, bool HasMore);

/// <summary>A campaign that was set up or changed.</summary>
/// <param name="Campaign">As it stands now.</param>
/// <param name="SigningSecret">Of a webhook: made now, and told this once; null otherwise.</param>
[GenerateSerializer, Immutable]
public sealed record CampaignPut(Campaign Campaign, string? SigningSecret);
