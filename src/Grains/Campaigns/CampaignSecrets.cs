using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.Grains.Secrets;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>The secrets of campaigns, by their names in the organization's secrets.</summary>
internal sealed class CampaignSecrets(SecretStore secrets, IOptions<CampaignOptions> options)
{
    /// <summary>Smartlead's API key for all campaigns of an organization.</summary>
    internal const string SmartleadKey = "smartlead-api-key";

    /// <summary>What Smartlead signs its webhooks with.</summary>
    internal const string SmartleadWebhook = "smartlead-webhook";

    /// <summary>Smartlead's API key for one campaign, where it has one of its own.</summary>
    internal static string SmartleadKeyOf(string campaignId) => $"{SmartleadKey}-{campaignId}";

    /// <summary>What a webhook campaign's posts are signed with.</summary>
    internal static string SigningKeyOf(string campaignId) => $"webhook-{campaignId}";

    /// <summary>The signing key before the last rotation, whose signature goes along. No id makes this the name of a signing key.</summary>
    internal static string PreviousSigningKeyOf(string campaignId) => $"webhook.previous-{campaignId}";

    /// <summary>The key to push to a campaign of Smartlead's with; null where none is set.</summary>
    /// <returns>And whether it is the process's, for all organizations that have none of their own.</returns>
    internal async Task<(string Key, bool IsShared)?> SmartleadKeyAsync(PushOrder order)
    {
        var own = await secrets.OpenAsync(order.OrganizationId, SmartleadKeyOf(order.Key.CampaignId))
            ?? await secrets.OpenAsync(order.OrganizationId, SmartleadKey);
        return own is not null ? (own, false) : options.Value.SmartleadKey is { } shared ? (shared, true) : null;
    }

    /// <summary>Whether there is a key to push to a campaign of Smartlead's with.</summary>
    internal async Task<bool> HasSmartleadKeyAsync(long organizationId, string campaignId)
        => options.Value.SmartleadKey is not null || await secrets.HasAnyAsync(organizationId, SmartleadKeyOf(campaignId), SmartleadKey);

    /// <summary>Whether a webhook has a key to sign with, readable or not.</summary>
    internal Task<bool> HasSigningKeyAsync(long organizationId, string campaignId) => secrets.HasAnyAsync(organizationId, SigningKeyOf(campaignId));

    /// <summary>The keys to sign a webhook with, the newest first; without the one before where that does not open.</summary>
    /// <exception cref="SecretUnreadableException">The ring does not open the newest.</exception>
    internal async Task<IReadOnlyList<string>> SigningKeysAsync(long organizationId, string campaignId)
    {
        var newest = await secrets.OpenAsync(organizationId, SigningKeyOf(campaignId));
        var previous = await secrets.OpenIfReadableAsync(organizationId, PreviousSigningKeyOf(campaignId));
        return [.. new[] { newest, previous }.OfType<string>()];
    }

    /// <summary>Makes a signing key, in place of one that there may be, which goes on signing beside it if it can be opened.</summary>
    /// <returns>The key, as its receiver is given it.</returns>
    internal async Task<string> RotateSigningKeyAsync(long organizationId, string campaignId, Actor actor)
    {
        var old = await secrets.OpenIfReadableAsync(organizationId, SigningKeyOf(campaignId));
        if (old is not null)
        {
            await secrets.SetAsync(organizationId, PreviousSigningKeyOf(campaignId), old, actor);
        }

        var made = StandardWebhook.NewSecret();
        await secrets.SetAsync(organizationId, SigningKeyOf(campaignId), made, actor);
        if (old is null)
        {
            // One that was replaced before must not sign on beside the newest for a rotation longer.
            await secrets.DeleteAsync(organizationId, PreviousSigningKeyOf(campaignId), actor);
        }

        return made;
    }
}
