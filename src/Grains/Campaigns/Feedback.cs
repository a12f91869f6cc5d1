using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Secrets;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Takes what campaigns report back: sets leads' engagement and feeds the suppression list.</summary>
internal sealed class Feedback(FeedbackStore store, SecretStore secrets, SuppressionStore suppressions, CampaignMetrics metrics)
{
    private const string Scheme = "sha256=";

    // For an organization that is unknown or has no secret: it takes as long, and no signature fits.
    private static readonly byte[] s_noSecret = RandomNumberGenerator.GetBytes(32);

    /// <summary>Takes one webhook.</summary>
    /// <param name="organizationId">For whom; null: nobody that is known.</param>
    /// <param name="delivery">As it came.</param>
    internal async Task<FeedbackOutcome> ReceiveAsync(long? organizationId, FeedbackDelivery delivery)
    {
        if (!await IsSignedAsync(organizationId, delivery) || organizationId is not { } id)
        {
            return FeedbackOutcome.BadSignature;
        }

        if (FeedbackEvent.Read(delivery.Body) is not { } heard)
        {
            return FeedbackOutcome.Unreadable;
        }

        metrics.Heard(heard.Engagement ?? "ignored");
        if (heard.Engagement is not { } engagement)
        {
            return FeedbackOutcome.Ignored;
        }

        var leads = await store.FindAsync(id, heard);
        var hash = await HashAsync(id, engagement, heard.EmailKey ?? leads.FirstOrDefault()?.EmailKey);
        return await store.RecordAsync(id, RequestId(delivery), heard, leads, hash) ? FeedbackOutcome.Taken : FeedbackOutcome.Repeated;
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

    private async Task<bool> IsSignedAsync(long? organizationId, FeedbackDelivery delivery)
    {
        var newest = organizationId is { } id ? await secrets.OpenAsync(id, CampaignSecrets.SmartleadWebhook) : null;
        var previous = organizationId is { } same ? await secrets.OpenAsync(same, $"{CampaignSecrets.SmartleadWebhook}-previous") : null;
        // Both are looked at, whatever the first one says.
        return Fits(newest, delivery) | Fits(previous, delivery);
    }

    private static bool Fits(string? secret, FeedbackDelivery delivery)
    {
        var mac = HMACSHA256.HashData(secret is null ? s_noSecret : Encoding.UTF8.GetBytes(secret), delivery.Body);
        var signature = delivery.Signature ?? "";
        var hex = signature.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? signature[Scheme.Length..] : signature;
        var given = new byte[SHA256.HashSizeInBytes];
        var isHex = hex.Length == given.Length * 2
            && Convert.FromHexString(hex, given, out _, out _) == System.Buffers.OperationStatus.Done;
        return CryptographicOperations.FixedTimeEquals(mac, given) && isHex && secret is not null;
    }

    private static string RequestId(FeedbackDelivery delivery) => delivery.RequestId is { Length: > 0 and <= 128 } id
        ? id : Convert.ToHexStringLower(SHA256.HashData(delivery.Body));
}
