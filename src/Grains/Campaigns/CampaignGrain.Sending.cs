using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Outbound;
using LeadGrain.Grains.Secrets;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Requests to the target, as many at once as it takes, and what becomes of them.</summary>
internal sealed partial class CampaignGrain
{
    // Until a secret that does not open is tried again.
    private static readonly TimeSpan s_unreadableFor = TimeSpan.FromSeconds(30);

    // Until the database, or a grain that moves, is asked again.
    private static readonly TimeSpan s_awayFor = TimeSpan.FromSeconds(1);

    private readonly List<SentRequest> _underWay = [];
    private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _refusedInRow;

    // Until then the key's rate is used up: nothing more is taken, only to be put back.
    private DateTimeOffset _turnAt = DateTimeOffset.MinValue;

    /// <summary>Pushes what is due, each request in its own time, until nothing more is due or under way.</summary>
    /// <returns>When to look again; null: when somebody says so.</returns>
    private async Task<TimeSpan?> PushDueAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _kicked = false;
            var next = await SendDueAsync(cancellationToken);
            if (_underWay is [])
            {
                return next;
            }

            await AnsweredOrWokenAsync(next, cancellationToken);
            await SettleAnsweredAsync();
        }
    }

    /// <summary>Sends what is due while the target takes more.</summary>
    /// <returns>When to look again; null: when somebody says so, or a request is answered.</returns>
    private async Task<TimeSpan?> SendDueAsync(CancellationToken cancellationToken)
    {
        while (_ended is null && _claimed is { State: CampaignState.Active } claimed && !cancellationToken.IsCancellationRequested)
        {
            var now = time.GetUtcNow();
            if ((_breaker.Now.WaitAt(now) ?? (_turnAt > now ? _turnAt - now : null)) is { } wait)
            {
                return wait;
            }

            var target = TargetOf(claimed.Settings);
            var room = (_breaker.Now.IsProbing ? 1 : target.RequestsAtOnce) - _underWay.Count;
            if (room <= 0)
            {
                return null;
            }

            var size = _breaker.Now.IsProbing ? 1 : target.BatchLimit(Order(claimed));
            if (await pushes.TakeAsync(claimed.OrganizationId, _key.CampaignId, claimed.Epoch, room * size) is not { } due)
            {
                return await LookAsync(claimed);
            }

            _claimed = _claimed is null ? null : _claimed with { Settings = due.Settings, Smartlead = due.Smartlead };
            await SendAsync(claimed with { Settings = due.Settings, Smartlead = due.Smartlead }, due, size);
        }

        return null;
    }

    private ICampaignTarget TargetOf(CampaignSettings settings) => targets.First(target => target.Kind == settings.Kind);

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

    private async Task SendAsync(ClaimedCampaign claimed, DuePushes due, int size)
    {
        var target = TargetOf(claimed.Settings);
        var (leads, withdrawn) = await WithoutSuppressedAsync(claimed, due);
        foreach (var batch in leads.Chunk(size))
        {
            _underWay.Add(new SentRequest(claimed, batch, AskAsync(target, claimed, batch), _breaker.Now.IsProbing));
        }

        if (withdrawn is not [])
        {
            var refusals = withdrawn.Select(one => new PushResult.Refused(one.Why, Asked: false)).ToArray<PushResult>();
            _underWay.Add(new SentRequest(claimed, [.. withdrawn.Select(one => one.Lead)], Task.FromResult(refusals), _breaker.Now.IsProbing));
        }
    }

    private async Task<PushResult[]> AskAsync(ICampaignTarget target, ClaimedCampaign claimed, IReadOnlyList<OutboundLead> leads)
    {
        var start = time.GetTimestamp();
        try
        {
            // What is under way is finished and recorded, also where the activation ends meanwhile.
            var results = await target.PushAsync(Order(claimed), leads, CancellationToken.None);
            metrics.Pushed(target.Kind, results, time.GetElapsedTime(start));
            return results;
        }
        catch (SecretUnreadableException unreadable)
        {
            // It is in the operator's hand, not the tenant's: with the right ring they go on by themselves.
            return All(leads, new PushResult.RetryAt(time.GetUtcNow() + s_unreadableFor, unreadable.Message, Counts: false, ForAll: true));
        }
        catch (Exception fault) when (fault is StorageUnavailableException or OwnershipLostException or OverloadedException or TimeoutException)
        {
            // Ours, not the target's. What is answered beside it is recorded, if that can be.
            LogNotAsked(target.Kind, _key.CampaignId, fault.GetType().Name);
            return All(leads, new PushResult.RetryAt(time.GetUtcNow() + s_awayFor, "the grid could not ask", Counts: false, Asked: false, ForAll: true));
        }
#pragma warning disable CA1031 // The edge: what no target foresaw is its leads' outcome, or they would be sent again for ever.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            // Its words may hold the address, and with it a key.
            LogTargetFailed(target.Kind, _key.CampaignId, fault.GetType().Name);
            return All(leads, new PushResult.RetryAt(null, "the target failed"));
        }
    }

    private static PushResult[] All(IReadOnlyList<OutboundLead> leads, PushResult result) => [.. Enumerable.Repeat(result, leads.Count)];

    /// <summary>Waits for an answer, a kick, or the next push that is due; once the activation ends, for answers only.</summary>
    private async Task AnsweredOrWokenAsync(TimeSpan? next, CancellationToken cancellationToken)
    {
        var answered = Task.WhenAny(_underWay.Select(request => request.Results));
        if (_ended is not null || cancellationToken.IsCancellationRequested)
        {
            await answered;
            return;
        }

        if (!_kicked)
        {
            _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task woken = Task.WhenAny(answered, _woken.Task).WaitAsync(next < s_furthestTimer ? next.Value : s_furthestTimer, time, cancellationToken);
            await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task SettleAnsweredAsync()
    {
        var answered = _underWay.FindAll(request => request.Results.IsCompleted);
        _underWay.RemoveAll(answered.Contains);
        // Of a campaign that was removed since nothing can be recorded: one of its id sends its leads itself.
        foreach (var alike in answered
            .Where(request => request.Claimed.Epoch == _claimed?.Epoch)
            .GroupBy(request => (request.Claimed.Settings.Kind, request.IsProbe)))
        {
            await SettleAsync([.. alike]);
        }
    }

    /// <summary>Records what became of requests of one kind.</summary>
    private async Task SettleAsync(IReadOnlyList<SentRequest> requests)
    {
        var claimed = requests[^1].Claimed;
        var results = new List<PushResult>();
        foreach (var request in requests)
        {
            results.AddRange(await request.Results);
        }

        var schedule = Schedule(claimed.Settings);
        var terms = new SettlementTerms(
            claimed.OrganizationId, _key.CampaignId, claimed.Settings.Kind, schedule, _refusedInRow, _claimed is { State: CampaignState.Stopped });
        var settled = SettledBatch.Of(terms, [.. requests.SelectMany(request => request.Leads)], results, time.GetUtcNow(), random.Next);
        var recorded = await pushes.RecordAsync(claimed, _key.CampaignId, settled, BackOff.Apart(schedule))
            ?? throw new OwnershipLostException("Another activation owns this campaign, or it is gone.");
        LogOutcome(claimed.Settings.Kind, results);
        await FollowAsync(claimed, settled, requests[^1].IsProbe, recorded.FailingSince);
        if (recorded.HasFeedback)
        {
            await heard.ApplyAsync(claimed.OrganizationId);
        }
    }

    /// <summary>Changes memory after what was committed.</summary>
    private async Task FollowAsync(ClaimedCampaign claimed, SettledBatch settled, bool isProbe, DateTimeOffset? failingSince)
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
        _turnAt = settled.TurnAt ?? _turnAt;
        var now = time.GetUtcNow();
        var set = options.Value;
        var was = _breaker.Now;
        // What was sent before the breaker opened says nothing new of the target.
        var isNow = was.IsProbing && !isProbe ? was
            : settled.Failed ? was.Failed(now, set.BreakerFailures, set.BreakerFirst, set.BreakerLongest, random.Next())
            : settled.Answered ? CircuitBreaker.Closed : was;
        await _breaker.SetAsync(isNow.Until(settled.NotBefore));
        if (isNow.IsProbing && !was.IsProbing)
        {
            metrics.Opened();
        }

        var off = settled.Failed && claimed.Settings is CampaignSettings.Webhook && failingSince is { } since && now - since >= set.WebhookOffAfter
            ? $"no success since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC" : null;
        if ((settled.Stop ?? off) is { } reason && _claimed is not { State: CampaignState.Stopped })
        {
            await StopAsync(claimed, reason, isRecorded: settled.Stop is not null);
        }
    }

    private async Task StopAsync(ClaimedCampaign claimed, string reason, bool isRecorded)
    {
        if (!isRecorded)
        {
            var stop = new SettledBatch([], [SettledBatch.Stopped(claimed.OrganizationId, _key.CampaignId, reason)], reason, false, false, false);
            await pushes.RecordAsync(claimed, _key.CampaignId, stop, TimeSpan.Zero);
        }

        metrics.Stopped();
        LogStopped(_key.CampaignId, _key.Tenant.App, _key.Tenant.Org, reason);
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

/// <summary>A request that was sent to a target.</summary>
/// <param name="Claimed">For which campaign, with its settings then.</param>
/// <param name="Leads">What is in it.</param>
/// <param name="Results">An outcome for each lead, in order.</param>
/// <param name="IsProbe">Whether the breaker had it sent alone, to see how the target is.</param>
internal sealed record SentRequest(ClaimedCampaign Claimed, IReadOnlyList<OutboundLead> Leads, Task<PushResult[]> Results, bool IsProbe);
