using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>Names one outside campaign of one tenant.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="CampaignId">The campaign as its service names it, 1 to 255 characters.</param>
[GenerateSerializer, Immutable]
public sealed record CampaignKey(Tenant Tenant, string CampaignId)
{
    /// <summary>The key of the <see cref="ICampaignGrain"/>: app/org/campaign, each part percent-encoded.</summary>
    public string GrainKey => $"{Tenant.GrainKey}/{Uri.EscapeDataString(CampaignId)}";

    /// <summary>Reads a key made by <see cref="GrainKey"/>.</summary>
    /// <exception cref="FormatException">The key does not have three parts.</exception>
    public static CampaignKey FromGrainKey(string key)
    {
        var last = key.LastIndexOf('/');
        return last > 0
            ? new CampaignKey(Tenant.FromGrainKey(key[..last]), Uri.UnescapeDataString(key[(last + 1)..]))
            : throw new FormatException($"Not a campaign key: {key}");
    }
}
