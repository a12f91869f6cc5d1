using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// What follows a lead's commit. A campaign's own grain pushes what the outbox holds; here it is only told, and waited for. Leads
/// for a namespace are brought there from here, and again until they are known to have arrived: a repeat is the same push to the
/// namespace, by its key.
/// </summary>
internal sealed partial class RoutingGrain
{
    private const string Reminder = "namespaces";
    private const int SweepStep = 500;

    // For the campaign's own answer that the wait is over.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, bool> _ringing = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, Task<PushFate>> _bringing = [];
    private bool _watching;

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        var state = await StateAsync();
        var left = await SweepAsync(state);
        if (!left && !state.FeedsNamespaces && await this.GetReminder(Reminder) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
            _watching = false;
        }
    }

    /// <inheritdoc/>
    public async Task<PushFate> AwaitPushAsync(Guid leadId, RuleTarget target, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            return target.CampaignId is { } campaign
                ? await CampaignOf(campaign).AwaitPushAsync(leadId, wait, cancellationToken).WaitAsync(wait + s_margin, time, cancellationToken)
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

    private async Task<PushFate> HasArrivedAsync(Guid leadId)
        => await GetLeadAsync(leadId, CancellationToken.None) is { Status: RoutedStatus.Active } ? PushFate.Pushed.Value : PushFate.Pending.Value;

    private void StartPush(Guid leadId, NewRoutedLead lead, RuleTarget target)
    {
        if (target.CampaignId is { } campaign)
        {
            Ring(campaign, leadId);
        }
        else
        {
            _bringing[leadId] = BringInTheEndAsync(leadId, lead, target.Namespace!);
        }
    }

    private ICampaignGrain CampaignOf(string id) => GrainFactory.GetGrain<ICampaignGrain>(new CampaignKey(Tenant, id).GrainKey);

    // One call at a time for a campaign, and one more where leads came meanwhile.
    private void Ring(string campaign, Guid leadId)
    {
        var isRinging = _ringing.ContainsKey(campaign);
        _ringing[campaign] = isRinging;
        if (!isRinging)
        {
            _ = RingAsync(campaign, leadId);
        }
    }

    private async Task RingAsync(string campaign, Guid leadId)
    {
        do
        {
            _ringing[campaign] = false;
            try
            {
                await CampaignOf(campaign).AwaitPushAsync(leadId, TimeSpan.Zero, CancellationToken.None);
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

    private async Task<PushFate> BringInTheEndAsync(Guid leadId, NewRoutedLead lead, string name)
    {
        await Task.Yield(); // so that the entry is there before it is removed
        try
        {
            return await BringAsync(leadId, lead, name);
        }
#pragma warning disable CA1031 // The edge: the reminder brings it again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            shared.LogPushUnknown(fault.GetType().Name);
            return PushFate.Pending.Value;
        }
        finally
        {
            _bringing.Remove(leadId);
        }
    }

    private async Task<PushFate> BringAsync(Guid leadId, NewRoutedLead lead, string name)
    {
        var state = await StateAsync();
        var id = $"{leadId}";
        var key = new RequestKey($"routed-lead:{id}", SHA256.HashData(leadId.ToByteArray()));
        var push = new PushCommand(new LeadOrigin(null, null, null), [new NewLead(lead.Email, id, lead.Data)], key);
        var pushed = await GrainFactory.GetGrain<INamespaceGrain>(new NamespaceKey(Tenant, name).GrainKey).PushAsync(push, CancellationToken.None);
        if (pushed.Use == KeyUse.InProgress)
        {
            return PushFate.Pending.Value;
        }

        var audit = new AuditEntry(state.OrganizationId, "grid", "pushed_to_namespace", "lead", id, Reason: name);
        await shared.Commits.Arrivals.CommitAsync(new NamespaceArrival(leadId, audit));
        return PushFate.Pushed.Value;
    }

    // Wakes this grain where a process has died between a lead's commit and its arrival.
    private async Task WatchNamespacesAsync(RoutingState state)
    {
        if (state.FeedsNamespaces && !_watching)
        {
            await this.RegisterOrUpdateReminder(Reminder, options.Value.NamespaceRetryAfter, TimeSpan.FromMinutes(1));
            _watching = true;
        }
    }

    private async Task<bool> SweepAsync(RoutingState state)
    {
        var after = Guid.Empty;
        var left = false;
        while (true)
        {
            var found = await leads.ListForNamespacesAsync(
                state.OrganizationId, after, time.GetUtcNow() - options.Value.NamespaceRetryAfter, SweepStep);
            foreach (var lead in found)
            {
                var again = new NewRoutedLead(lead.Email, lead.Persona, lead.Score, lead.Source, lead.Data);
                left |= await BringInTheEndAsync(lead.Id, again, lead.Target!.Namespace!) is not PushFate.Pushed;
                after = lead.Id;
            }

            if (found.Count < SweepStep)
            {
                return left;
            }
        }
    }
}
