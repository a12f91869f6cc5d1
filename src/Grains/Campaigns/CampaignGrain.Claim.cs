namespace LeadGrain.Grains.Campaigns;

/// <summary>Campaigns of Smartlead's that nobody set up.</summary>
internal sealed partial class CampaignGrain
{
    // Each lead for a campaign that is not set up asks; within this one answer is for all.
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(1);

    private LastingBreaker _breaker = null!;
    private Task _adding = Task.CompletedTask;
    private long? _lookedAt;

    /// <summary>
    /// The campaign. Where there is none and its id can be one of Smartlead's, for which there is a key, it is set up: a rule
    /// that names the vendor's campaign is enough.
    /// </summary>
    private async Task<ClaimedCampaign?> FindOrAddAsync()
    {
        if (_claimed is null && IsSmartleadId(_key.CampaignId))
        {
            if (_adding.IsCompleted && (_lookedAt is not { } last || time.GetElapsedTime(last) >= s_lookAgain))
            {
                _lookedAt = time.GetTimestamp();
                _adding = CommitAsync(AddAsync);
            }

            await _adding;
        }

        return _claimed;
    }

    private async Task AddAsync()
    {
        if (await organizations.FindAsync(_key.Tenant) is not { } organizationId
            || !await secrets.HasSmartleadKeyAsync(organizationId, _key.CampaignId))
        {
            return;
        }

        await campaigns.AddSmartleadAsync(organizationId, _key.CampaignId);
        var claimed = await campaigns.ClaimAsync(organizationId, _key.CampaignId);
        // Meanwhile somebody may have set it up, and claimed it later.
        if (claimed?.Epoch > (_claimed?.Epoch ?? -1))
        {
            _claimed = claimed;
        }
    }

    // The vendor numbers its campaigns. Anything else is a webhook or a namespace that is yet to be set up.
    private static bool IsSmartleadId(string id) => id.Length <= 18 && id.All(char.IsAsciiDigit);
}
