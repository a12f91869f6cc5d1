using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// What follows a lead's commit. A campaign's own grain pushes what the outbox holds; here it is only told, and waited for.
/// </summary>
internal sealed partial class RoutingGrain
{
    // For the campaign's own answer that the wait is over.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, bool> _ringing = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        // Not here: rule changes would wait behind it.
        if (reminderName == PoolReminder)
        {
            KickPool();
        }
        else
        {
            StartSweep();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<PushFate> AwaitPushAsync(Guid leadId, RuleTarget target, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            return target.CampaignId is { } campaign
                ? await InTheEndAsync(
                    leadId, await CampaignOf(campaign).AwaitPushAsync(leadId, wait, cancellationToken).WaitAsync(wait + s_margin, time, cancellationToken))
                : _bringing.TryGetValue(leadId, out var bringing) ? await bringing.WaitAsync(wait, time, cancellationToken)
                : await HasArrivedAsync(leadId);
        }
#pragma warning disable CA1031 // The lead is committed: whatever fails, it goes on by itself, and the answer is that it is under way.
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            shared.LogPushUnknown(fault.GetType().Name);
            return PushFate.Pending.Value;
        }
    }

    // A failure is the end for a lead that is dead, and for no other: its row says so, in the commit that recorded the failure.
    private async Task<PushFate> InTheEndAsync(Guid leadId, PushFate fate)
        => fate is PushFate.Failed failed && await GetLeadAsync(leadId, CancellationToken.None) is { Status: RoutedStatus.Dead }
            ? failed with { IsFinal = true }
            : fate;

    private async Task<PushFate> HasArrivedAsync(Guid leadId)
        => await GetLeadAsync(leadId, CancellationToken.None) is { Status: RoutedStatus.Active } ? new PushFate.Pushed(PushFate.Pushed.Namespace)
            : PushFate.Pending.Value;

    private void StartPush(Guid leadId, NewRoutedLead lead, RuleTarget target)
    {
        if (target.CampaignId is { } campaign)
        {
            Ring(campaign);
        }
        else
        {
            _bringing[leadId] = BringInTheEndAsync(leadId, lead, target.Namespace!);
        }
    }

    private ICampaignGrain CampaignOf(string id) => GrainFactory.GetGrain<ICampaignGrain>(new CampaignKey(Tenant, id).GrainKey);

    // One call at a time for a campaign, and one more where leads came meanwhile.
    private void Ring(string campaign)
    {
        var isRinging = _ringing.ContainsKey(campaign);
        _ringing[campaign] = isRinging;
        if (!isRinging)
        {
            _ = RingAsync(campaign);
        }
    }

    private async Task RingAsync(string campaign)
    {
        do
        {
            _ringing[campaign] = false;
            try
            {
                await CampaignOf(campaign).WakeAsync(CancellationToken.None);
            }
#pragma warning disable CA1031 // The edge: the campaign finds its pushes by itself, only later.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                shared.LogPushUnknown(fault.GetType().Name);
            }
        }
        while (_ringing[campaign]);

        _ringing.Remove(campaign);
    }
}
