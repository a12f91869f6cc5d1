using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Pushes leads into the buffer of a namespace of the same organization.</summary>
internal sealed partial class NamespaceTarget(IGrainFactory grains, ILogger<NamespaceTarget> log) : ICampaignTarget
{
    private static readonly LeadOrigin s_origin = new(null, null, null);

    /// <inheritdoc/>
    public string Kind => "namespace";

    /// <inheritdoc/>
    public int BatchLimit(PushOrder order) => 100;

    /// <inheritdoc/>
    public int RequestsAtOnce => 1;

    /// <inheritdoc/>
    public Task<PushResult[]> PushAsync(PushOrder order, IReadOnlyList<OutboundLead> leads, CancellationToken cancellationToken)
    {
        var name = ((CampaignSettings.Namespace)order.Settings).Name;
        var grain = grains.GetGrain<INamespaceGrain>(new NamespaceKey(order.Key.Tenant, name).GrainKey);
        // Each under a key of its own; the namespace joins them into one commit.
        return Task.WhenAll(leads.Select(lead => PushAsync(grain, order, lead, cancellationToken)));
    }

    private async Task<PushResult> PushAsync(INamespaceGrain grain, PushOrder order, OutboundLead lead, CancellationToken cancellationToken)
    {
        var id = $"campaign/{order.Key.CampaignId}/{lead.Id:n}";
        var key = new RequestKey($"{RequestKey.Own}lead:{lead.Id:n}", SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id)));
        try
        {
            var pushed = await grain.PushAsync(
                new PushCommand(s_origin, [new NewLead(lead.Email, $"{lead.Id}", lead.Data)], key), cancellationToken);
            return pushed switch
            {
                { Use: KeyUse.First, Outcome.Buffered: > 0 } => new PushResult.Accepted(),
                { Use: KeyUse.First or KeyUse.Replayed } => new PushResult.AlreadyThere(),
                _ => new PushResult.RetryAt(null, "an earlier push of the lead is under way"),
            };
        }
        catch (Exception fault) when (fault is StorageUnavailableException or OwnershipLostException or OverloadedException or TimeoutException)
        {
            return new PushResult.RetryAt(null, fault is OverloadedException ? "the namespace is overloaded" : "the namespace cannot be reached");
        }
#pragma warning disable CA1031 // The edge: what went wrong in the namespace is its lead's outcome, and must not end the campaign.
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogFailed(fault, order.Key.CampaignId);
            return new PushResult.RetryAt(null, "the namespace failed");
        }
    }

    [LoggerMessage(186, LogLevel.Error, "The namespace of campaign {Campaign} failed to take a lead, which is tried again")]
    private partial void LogFailed(Exception fault, string campaign);
}
