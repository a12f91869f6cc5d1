using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.Grains.Gate;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Takes what campaigns report back: sets leads' engagement and feeds the suppression list.</summary>
internal sealed class Feedback(FeedbackStore store, SuppressionStore suppressions, CampaignMetrics metrics)
{
    /// <summary>Takes one webhook.</summary>
    /// <param name="organizationId">For whom.</param>
    /// <param name="delivery">As it came, proven to be theirs.</param>
    internal async Task<FeedbackOutcome> ReceiveAsync(long organizationId, FeedbackDelivery delivery)
    {
        if (FeedbackEvent.Read(delivery.Body) is not { } heard)
        {
            return FeedbackOutcome.Unreadable;
        }

        metrics.Heard(heard.Engagement ?? "ignored");
        if (heard.Engagement is not { } engagement)
        {
            return FeedbackOutcome.Ignored;
        }

        var leads = await store.FindAsync(organizationId, heard);
        var hash = await HashAsync(organizationId, engagement, heard.EmailKey ?? leads.FirstOrDefault()?.EmailKey);
        return await store.RecordAsync(organizationId, RequestId(delivery), heard, leads, hash) ? FeedbackOutcome.Taken : FeedbackOutcome.Repeated;
    }

    /// <summary>Applies events that came before their leads' pushes were recorded, where they are now.</summary>
    /// <param name="organizationId">Whose; null for all.</param>
    internal async Task ApplyAsync(long? organizationId)
    {
        foreach (var kept in await store.FindKeptAsync(organizationId))
        {
            var hash = await HashAsync(kept.OrganizationId, kept.Engagement, kept.Leads[0].EmailKey);
            await store.ApplyAsync(kept, hash);
        }
    }

    private async Task<byte[]?> HashAsync(long organizationId, string engagement, string? emailKey)
        => emailKey is not null && SuppressionReason.All.Contains(engagement) ? await suppressions.HashAsync(organizationId, emailKey) : null;

    private static string RequestId(FeedbackDelivery delivery) => delivery.RequestId is { Length: > 0 and <= 128 } id
        ? id : Convert.ToHexStringLower(SHA256.HashData(delivery.Body));
}
