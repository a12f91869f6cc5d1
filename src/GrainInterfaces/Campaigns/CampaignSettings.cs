using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>Where a campaign's leads go: <see cref="Smartlead"/>, <see cref="Webhook"/> or <see cref="Namespace"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record CampaignSettings
{
    private protected CampaignSettings()
    {
    }

    /// <summary>The word for it in the database and on the wire.</summary>
    public abstract string Kind { get; }

    /// <summary>The most leads of a day that routing gives it, by whichever rules; null for any number.</summary>
    public abstract CampaignCap? Cap { get; init; }

    /// <summary>A campaign of Smartlead's, by the id of ours.</summary>
    /// <param name="Own">What differs from the organization's settings.</param>
    /// <param name="Cap">The most leads of a day.</param>
    [GenerateSerializer, Immutable]
    public sealed record Smartlead(SmartleadSettings Own, CampaignCap? Cap = null) : CampaignSettings
    {
        /// <inheritdoc/>
        public override string Kind => "smartlead";
    }

    /// <summary>An address that takes signed posts (Standard Webhooks).</summary>
    /// <param name="Url">https, or loopback, unless allowed otherwise.</param>
    /// <param name="RetryDelays">Seconds before each further attempt; the process's default where it is not given.</param>
    /// <param name="Cap">The most leads of a day.</param>
    [GenerateSerializer, Immutable]
    public sealed record Webhook(string Url, ImmutableArray<int> RetryDelays, CampaignCap? Cap = null) : CampaignSettings
    {
        /// <inheritdoc/>
        public override string Kind => "webhook";
    }

    /// <summary>A namespace of the same organization: its buffer.</summary>
    /// <param name="Name">The namespace.</param>
    /// <param name="Cap">The most leads of a day.</param>
    [GenerateSerializer, Immutable]
    public sealed record Namespace(string Name, CampaignCap? Cap = null) : CampaignSettings
    {
        /// <inheritdoc/>
        public override string Kind => "namespace";
    }
}

/// <summary>How many leads a campaign takes of a day.</summary>
/// <param name="Daily">The most, 1 to 1,000,000,000.</param>
/// <param name="TimeZone">IANA name of the zone by whose days they are counted; null for UTC.</param>
[GenerateSerializer, Immutable]
public sealed record CampaignCap(int Daily, string? TimeZone = null);

/// <summary>How Smartlead is used. Null leaves the next wider setting in force: the organization's, then <see cref="Default"/>.</summary>
/// <param name="IgnoreGlobalBlockList">Adds leads that the vendor's block list names.</param>
/// <param name="IgnoreUnsubscribeList">Adds leads that have unsubscribed.</param>
/// <param name="IgnoreCommunityBounceList">Adds leads whose mail bounced elsewhere.</param>
/// <param name="IgnoreDuplicateLeadsInOtherCampaign">Allows a lead in several campaigns, as the vendor's pages have it; some accounts saw such leads refused.</param>
/// <param name="ReturnLeadIds">Asks for the vendor's ids of leads, by which its webhooks name them.</param>
/// <param name="BatchLimit">The most leads of one request, 1 to 400.</param>
/// <param name="RateLimit">The most requests of one API key in any window, 1 to 1,000.</param>
/// <param name="RateWindow">Seconds of that window, 1 to 3,600.</param>
/// <param name="BurstLimit">The most of them in any one second, 1 to 1,000; null: as many as the window has.</param>
[GenerateSerializer, Immutable]
public sealed record SmartleadSettings(
    bool? IgnoreGlobalBlockList = null,
    bool? IgnoreUnsubscribeList = null,
    bool? IgnoreCommunityBounceList = null,
    bool? IgnoreDuplicateLeadsInOtherCampaign = null,
    bool? ReturnLeadIds = null,
    int? BatchLimit = null,
    int? RateLimit = null,
    int? RateWindow = null,
    int? BurstLimit = null)
{
    /// <summary>In force where nothing is set: lists are respected, several campaigns allowed, 100 leads a request, 10 requests in 2 s.</summary>
    public static SmartleadSettings Default { get; } = new(false, false, false, true, true, 100, 10, 2);

    /// <summary>These, and another's where these say nothing.</summary>
    public SmartleadSettings Over(SmartleadSettings wider) => new(
        IgnoreGlobalBlockList ?? wider.IgnoreGlobalBlockList,
        IgnoreUnsubscribeList ?? wider.IgnoreUnsubscribeList,
        IgnoreCommunityBounceList ?? wider.IgnoreCommunityBounceList,
        IgnoreDuplicateLeadsInOtherCampaign ?? wider.IgnoreDuplicateLeadsInOtherCampaign,
        ReturnLeadIds ?? wider.ReturnLeadIds,
        BatchLimit ?? wider.BatchLimit,
        RateLimit ?? wider.RateLimit,
        RateWindow ?? wider.RateWindow,
        BurstLimit ?? wider.BurstLimit);
}
