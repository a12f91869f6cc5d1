using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>
/// What concerns all campaigns of one tenant. Keyed by <see cref="Organizations.Tenant.GrainKey"/>. Every method can throw
/// <see cref="Faults.StorageUnavailableException"/>.
/// </summary>
public interface ICampaignsGrain : IGrainWithStringKey
{
    /// <summary>A page of campaigns, by id.</summary>
    /// <param name="after">Ids greater than this one; empty for the first page.</param>
    /// <param name="limit">At most this many, 1 to 1000.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    [AlwaysInterleave]
    Task<CampaignPage> ListAsync(string after, int limit, CancellationToken cancellationToken);

    /// <summary>How the organization uses Smartlead, as set.</summary>
    [AlwaysInterleave]
    Task<SmartleadSettings> GetSmartleadAsync(CancellationToken cancellationToken);

    /// <summary>Sets all of it; in force with the next batch.</summary>
    Task SetSmartleadAsync(SmartleadSettings settings, Actor actor, CancellationToken cancellationToken);

    /// <summary>Takes a webhook of Smartlead's that is proven to be the tenant's.</summary>
    [AlwaysInterleave]
    Task<FeedbackOutcome> ReceiveAsync(FeedbackDelivery delivery, CancellationToken cancellationToken);
}

/// <summary>A webhook as it came.</summary>
/// <param name="Body">The raw bytes.</param>
/// <param name="RequestId">X-Request-Id, the same for each repeat; null: told from the body.</param>
[GenerateSerializer, Immutable]
public sealed record FeedbackDelivery(byte[] Body, string? RequestId);

/// <summary>What became of a webhook.</summary>
public enum FeedbackOutcome
{
    /// <summary>It changed something, or would have if the lead were known.</summary>
    Taken,

    /// <summary>It had come before.</summary>
    Repeated,

    /// <summary>It tells of something that is not kept, such as a mail that was sent or opened.</summary>
    Ignored,

    /// <summary>It is not JSON, or names neither an event nor a lead.</summary>
    Unreadable,
}
