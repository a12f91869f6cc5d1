using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Secrets;

namespace LeadGrain.Grains.Campaigns;

/// <summary>The pump, and those who wait for it.</summary>
internal sealed partial class CampaignGrain
{
    // Beyond this the sweep wakes the campaign: an activation need not be kept for it.
    private static readonly TimeSpan s_furthestTimer = TimeSpan.FromMinutes(1);

    // Until a secret that does not open is tried again.
    private static readonly TimeSpan s_unreadableFor = TimeSpan.FromSeconds(30);

    private readonly PushFates _fates = new();
    private IGrainTimer? _timer;
    private Task _pumping = Task.CompletedTask;
    private bool _kicked;
    private int _refusedInRow;

    /// <inheritdoc/>
    public async Task WakeAsync(CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        await FindOrAddAsync();
        Kick();
    }

    /// <inheritdoc/>
    public async Task<PushFate> AwaitPushAsync(Guid leadId, TimeSpan wait, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (await FindOrAddAsync() is not { } claimed)
        {
            return PushFate.Unknown.Value;
        }

        if (_fates.Find(leadId) is { } known)
        {
            return known;
        }

        if (Blocked(claimed) is { } reason)
        {
            return new PushFate.Failed(reason);
        }

        var coming = wait > TimeSpan.Zero ? _fates.ComingAsync(leadId) : null;
        Kick();
        if (coming is null)
        {
            return PushFate.Pending.Value;
        }

        try
        {
            return await coming.WaitAsync(wait, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It may have been sent by an activation before this one.
            return await pushes.FateAsync(claimed.OrganizationId, leadId);
        }
        finally
        {
            _fates.Leave(leadId, coming);
        }
    }

    private static string? Blocked(ClaimedCampaign claimed) => claimed.State switch
    {
        CampaignState.Paused => "the campaign is paused",
        CampaignState.Stopped => $"the campaign was stopped: {claimed.StoppedFor}",
        _ => null,
    };

    private void Kick()
    {
        _kicked = true;
        if (_pumping.IsCompleted && _ended is null && _claimed is { State: CampaignState.Active })
        {
            Schedule(TimeSpan.Zero);
        }
    }

    private void Schedule(TimeSpan after)
    {
        if (_timer is null)
        {
            // Interleaving: a push that waits for its target must not hold callers up. Kept alive: until nothing is due.
            _timer = this.RegisterGrainTimer(
                OnTimerAsync, new GrainTimerCreationOptions(after, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
        }
        else
        {
            _timer.Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    private Task OnTimerAsync(CancellationToken cancellationToken)
        => _pumping.IsCompleted ? _pumping = PumpAsync(cancellationToken) : _pumping;

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan? next;
            do
            {
                _kicked = false;
                next = await PushDueAsync(cancellationToken);
            }
            while (_kicked || next == TimeSpan.Zero);

            if (next is { } wait && wait <= s_furthestTimer && _ended is null)
            {
                Schedule(wait);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // The loop's edge: what was under way is sent again by the next activation.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            End(fault);
        }
    }

    /// <summary>Pushes batches until nothing more is due.</summary>
    /// <returns>When to look again; null: when somebody says so.</returns>
    private async Task<TimeSpan?> PushDueAsync(CancellationToken cancellationToken)
    {
        while (_ended is null && _claimed is { State: CampaignState.Active } claimed && !cancellationToken.IsCancellationRequested)
        {
            if (_breaker.Now.WaitAt(time.GetUtcNow()) is { } wait)
            {
                _kicked = false;
                return wait;
            }

            var target = targets.First(t => t.Kind == claimed.Settings.Kind);
            var limit = _breaker.Now.IsProbing ? 1 : target.BatchLimit(Order(claimed));
            if (await pushes.TakeAsync(claimed.OrganizationId, _key.CampaignId, claimed.Epoch, limit) is not { } due)
            {
                return await LookAsync(claimed);
            }

            _claimed = _claimed is null ? null : _claimed with { Settings = due.Settings, Smartlead = due.Smartlead };
            await PushAsync(claimed with { Settings = due.Settings, Smartlead = due.Smartlead }, due);
        }

        return null;
    }

    private PushOrder Order(ClaimedCampaign claimed) => new(_key, claimed.OrganizationId, claimed.Settings, claimed.Smartlead);

    private async Task<TimeSpan?> LookAsync(ClaimedCampaign claimed)
    {
        var look = await pushes.LookAsync(claimed.OrganizationId, _key.CampaignId);
        if (look is null)
        {
            _claimed = null;
            _fates.TellAll(PushFate.Unknown.Value);
            return null;
        }

        if (look.Epoch != claimed.Epoch)
        {
            throw new OwnershipLostException("Another activation owns this campaign.");
        }

        if (_claimed is not null)
        {
            _claimed = _claimed with { State = look.State, StoppedFor = look.StoppedFor };
        }

        var wait = look.NextDue - time.GetUtcNow();
        return wait > TimeSpan.Zero || wait is null ? wait : TimeSpan.FromMilliseconds(1);
    }

    private async Task PushAsync(ClaimedCampaign claimed, DuePushes due)
    {
        var start = time.GetTimestamp();
        var target = targets.First(t => t.Kind == claimed.Settings.Kind);
        var (leads, withdrawn) = await WithoutSuppressedAsync(claimed, due);
        var results = leads is [] ? [] : await AskAsync(target, claimed, leads);
        metrics.Pushed(target.Kind, results, time.GetElapsedTime(start));

        leads = [.. leads, .. withdrawn.Select(one => one.Lead)];
        var outcomes = (IReadOnlyList<PushResult>)[.. results, .. withdrawn.Select(one => new PushResult.Refused(one.Why, Asked: false))];
        var terms = new SettlementTerms(claimed.OrganizationId, _key.CampaignId, target.Kind, Schedule(claimed.Settings), _refusedInRow);
        var settled = SettledBatch.Of(terms, leads, outcomes, time.GetUtcNow(), random.Next);
        var recorded = await pushes.RecordAsync(claimed, _key.CampaignId, settled)
            ?? throw new OwnershipLostException("Another activation owns this campaign, or it is gone.");
        LogOutcome(target.Kind, outcomes);
        await FollowAsync(claimed, settled, recorded.FailingSince);
        if (recorded.HasFeedback)
        {
            await heard.ApplyAsync(claimed.OrganizationId);
        }
    }

    private async Task<PushResult[]> AskAsync(ICampaignTarget target, ClaimedCampaign claimed, IReadOnlyList<OutboundLead> leads)
    {
        try
        {
            // What is under way is finished and recorded, also where the activation ends meanwhile.
            return await target.PushAsync(Order(claimed), leads, CancellationToken.None);
        }
        catch (SecretUnreadableException unreadable)
        {
            // It is in the operator's hand, not the tenant's: with the right ring they go on by themselves.
            return [.. leads.Select(_ => new PushResult.RetryAt(time.GetUtcNow() + s_unreadableFor, unreadable.Message, Counts: false, ForAll: true))];
        }
    }

    /// <summary>Changes memory after what was committed.</summary>
    private async Task FollowAsync(ClaimedCampaign claimed, SettledBatch settled, DateTimeOffset? failingSince)
    {
        foreach (var push in settled.Pushes)
        {
            if (push.State == "sent")
            {
                _fates.Tell(push.LeadId, new PushFate.Pushed(claimed.Settings.Kind));
            }
            else if (push.Reason is { } failed)
            {
                _fates.Tell(push.LeadId, new PushFate.Failed(failed));
            }

            // Of the others nothing is known yet: who waits for them waits on.
        }

        _refusedInRow = settled.RefusedInRow;
        var now = time.GetUtcNow();
        var set = options.Value;
        var was = _breaker.Now;
        var isNow = settled.Failed
            ? was.Failed(now, set.BreakerFailures, set.BreakerFirst, set.BreakerLongest, random.Next())
            : settled.Answered ? CircuitBreaker.Closed : was;
        await _breaker.SetAsync(isNow.Until(settled.NotBefore));
        if (isNow.IsProbing && !was.IsProbing)
        {
            metrics.Opened();
        }

        var off = claimed.Settings is CampaignSettings.Webhook && failingSince is { } since && now - since >= set.WebhookOffAfter
            ? $"no success since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC" : null;
        if ((settled.Stop ?? off) is { } reason)
        {
            await StopAsync(claimed, reason, isRecorded: settled.Stop is not null);
        }
    }

    private async Task StopAsync(ClaimedCampaign claimed, string reason, bool isRecorded)
    {
        if (!isRecorded)
        {
            var stop = new SettledBatch([], [SettledBatch.Stopped(claimed.OrganizationId, _key.CampaignId, reason)], reason, false, false, false);
            await pushes.RecordAsync(claimed, _key.CampaignId, stop);
        }

        metrics.Stopped();
        LogStopped(reason);
        _claimed = _claimed is null ? null : _claimed with { State = CampaignState.Stopped, StoppedFor = reason };
        _fates.TellAll(new PushFate.Failed($"the campaign was stopped: {reason}"));
    }

    private IReadOnlyList<TimeSpan> Schedule(CampaignSettings settings) => settings switch
    {
        CampaignSettings.Webhook { RetryDelays: { IsDefaultOrEmpty: false } own } => [.. own.Select(seconds => TimeSpan.FromSeconds(seconds))],
        CampaignSettings.Webhook => CampaignOptions.ParseDelays(options.Value.WebhookRetryDelays)!,
        _ => CampaignOptions.ParseDelays(options.Value.RetryDelays)!,
    };
}
