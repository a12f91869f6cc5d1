using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Organizations;

namespace LeadGrain.Grains.Campaigns;

/// <summary>All campaigns of one tenant. It keeps nothing in memory, so its writes need no epoch: the last one stands.</summary>
internal sealed class CampaignsGrain(OrganizationStore organizations, CampaignStore campaigns, Feedback feedback) : Grain, ICampaignsGrain
{
    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public async Task<CampaignPage> ListAsync(string after, int limit, CancellationToken cancellationToken)
        => await organizations.FindAsync(Tenant) is { } id ? await campaigns.ListAsync(id, after, limit) : new CampaignPage([], false);

    /// <inheritdoc/>
    public async Task<SmartleadSettings> GetSmartleadAsync(CancellationToken cancellationToken)
        => await organizations.FindAsync(Tenant) is { } id ? await campaigns.GetSmartleadAsync(id) : new SmartleadSettings();

    /// <inheritdoc/>
    public async Task SetSmartleadAsync(SmartleadSettings settings, Actor actor, CancellationToken cancellationToken)
    {
        var id = await organizations.FindOrAddAsync(Tenant);
        await campaigns.SetSmartleadAsync(id, await campaigns.GetSmartleadAsync(id), settings, actor);
    }

    /// <inheritdoc/>
    public async Task<FeedbackOutcome> ReceiveAsync(FeedbackDelivery delivery, CancellationToken cancellationToken)
        => await feedback.ReceiveAsync(await organizations.FindOrAddAsync(Tenant), delivery);
}
