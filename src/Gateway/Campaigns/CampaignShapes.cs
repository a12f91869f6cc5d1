using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Gateway.Campaigns;

/// <summary>A campaign to be set up or changed.</summary>
/// <param name="Kind">smartlead, webhook or namespace.</param>
/// <param name="Settings">Of a smartlead campaign: what differs from the organization's settings.</param>
/// <param name="Url">Of a webhook: where it posts to. https, or a loopback address.</param>
/// <param name="RetryDelays">Of a webhook: seconds before each further attempt, at most 30.</param>
/// <param name="Namespace">Of a namespace: its name.</param>
/// <param name="DailyCap">The most leads of a day that routing gives it, by whichever rules; beyond, leads go to the next match.</param>
/// <param name="TimeZone">IANA name of the zone by whose days the cap counts; UTC unless told.</param>
public sealed record CampaignRequest(
    string Kind,
    SmartleadSettingsShape? Settings = null,
    string? Url = null,
    IReadOnlyList<int>? RetryDelays = null,
    string? Namespace = null,
    [property: Range(1, 1_000_000_000)] int? DailyCap = null,
    string? TimeZone = null);

/// <summary>How Smartlead is used. A member that is null or absent leaves the next wider setting in force.</summary>
/// <param name="IgnoreGlobalBlockList">Adds leads that the vendor's block list names; false unless set.</param>
/// <param name="IgnoreUnsubscribeList">Adds leads that have unsubscribed; false unless set.</param>
/// <param name="IgnoreCommunityBounceList">Adds leads whose mail bounced elsewhere; false unless set.</param>
/// <param name="IgnoreDuplicateLeadsInOtherCampaign">Allows a lead in several campaigns; true unless set. Some accounts see such leads refused.</param>
/// <param name="ReturnLeadIds">Asks for the vendor's ids of leads, by which its webhooks name them; true unless set.</param>
/// <param name="BatchLimit">The most leads of one request, 1 to 400; 100 unless set.</param>
/// <param name="RateLimit">The most requests of one API key in any window, 1 to 1,000; 10 unless set.</param>
/// <param name="RateWindow">Seconds of that window, 1 to 3,600; 2 unless set.</param>
/// <param name="BurstLimit">The most of them in any one second, 1 to 1,000; no other than the window's unless set.</param>
public sealed record SmartleadSettingsShape(
    bool? IgnoreGlobalBlockList = null,
    bool? IgnoreUnsubscribeList = null,
    bool? IgnoreCommunityBounceList = null,
    bool? IgnoreDuplicateLeadsInOtherCampaign = null,
    bool? ReturnLeadIds = null,
    int? BatchLimit = null,
    int? RateLimit = null,
    int? RateWindow = null,
    int? BurstLimit = null);

/// <summary>A campaign.</summary>
/// <param name="Id">As its service names it.</param>
/// <param name="Kind">smartlead, webhook or namespace.</param>
/// <param name="State">active, paused or stopped.</param>
/// <param name="StoppedFor">Why it was stopped.</param>
/// <param name="Settings">As set.</param>
/// <param name="Url">Of a webhook.</param>
/// <param name="RetryDelays">Of a webhook, where it has its own.</param>
/// <param name="Namespace">Of a namespace.</param>
/// <param name="DailyCap">The most leads of a day; null for any number.</param>
/// <param name="TimeZone">By whose days the cap counts; null for UTC.</param>
/// <param name="Pushes">Its leads by state.</param>
/// <param name="CreatedAt">When it was set up.</param>
/// <param name="UpdatedAt">When its settings or state last changed.</param>
/// <param name="SigningSecret">Of a webhook that was set up by this request: what it signs with, told this once.</param>
public sealed record CampaignResponse(
    string Id,
    string Kind,
    string State,
    PushCountsResponse Pushes,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? StoppedFor = null,
    SmartleadSettingsShape? Settings = null,
    string? Url = null,
    IReadOnlyList<int>? RetryDelays = null,
    string? Namespace = null,
    int? DailyCap = null,
    string? TimeZone = null,
    string? SigningSecret = null);

/// <summary>Leads by the state of their push.</summary>
/// <param name="Waiting">For their turn, or for their next attempt.</param>
/// <param name="Sending">Under way.</param>
/// <param name="Sent">In the campaign.</param>
/// <param name="Dead">Refused, or out of attempts.</param>
public sealed record PushCountsResponse(long Waiting, long Sending, long Sent, long Dead);

/// <summary>A page of campaigns.</summary>
/// <param name="Campaigns">By id.</param>
/// <param name="Next">The next page's token; null on the last page.</param>
public sealed record CampaignsResponse(IReadOnlyList<CampaignResponse> Campaigns, string? Next);

/// <summary>Which pushes to make due at once. Exactly one of the two.</summary>
/// <param name="LeadIds">Of these leads, at most 1,000.</param>
/// <param name="All">True: all that are held or dead.</param>
public sealed record PushRetryRequest(IReadOnlyList<Guid>? LeadIds = null, bool? All = null);

/// <summary>What was made due.</summary>
/// <param name="Retried">How many pushes.</param>
public sealed record PushRetryResponse(long Retried);

/// <summary>What was removed.</summary>
/// <param name="Deleted">True.</param>
public sealed record CampaignDeletedResponse(bool Deleted);

/// <summary>A new signing secret.</summary>
/// <param name="SigningSecret">Told this once. The one before goes on signing beside it.</param>
public sealed record SigningSecretResponse(string SigningSecret);

/// <summary>What became of a webhook.</summary>
/// <param name="Outcome">taken, repeated or ignored.</param>
public sealed record FeedbackResponse(string Outcome);
