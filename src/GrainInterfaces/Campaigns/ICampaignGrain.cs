namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>The push queue to one outside campaign. Keyed by <see cref="CampaignKey.GrainKey"/>.</summary>
public interface ICampaignGrain : IGrainWithStringKey
{
    /// <summary>Waits for what becomes of one lead's push, whose row is already committed.</summary>
    /// <param name="leadId">The lead.</param>
    /// <param name="wait">At most this long; zero only tells the grain that there is work.</param>
    /// <param name="cancellationToken">Ends the wait, not the push.</param>
    [AlwaysInterleave]
    Task<PushFate> AwaitPushAsync(Guid leadId, TimeSpan wait, CancellationToken cancellationToken);
}
