using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Secrets;

namespace LeadGrain.Grains.Campaigns;

/// <summary>The pump, and those who wait for it.</summary>
internal sealed partial class CampaignGrain
{
    // Beyond this the sweep wakes the campaign: an activation need not be kept for it.
    private static readonly TimeSpan s_furthestTimer = TimeSpan.FromMinutes(1);

    private readonly PushFates _fates = new();
    private IGrainTimer? _timer;
    private Task _pumping = Task.CompletedTask;
    private bool _kicked;

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
        _woken.TrySetResult();
        if (_pumping.IsCompleted && _ended is null && _claimed is { State: CampaignState.Active })
        {
            Schedule(TimeSpan.Zero);
        }
    }

    private void Schedule(TimeSpan after)
    {
        if (_timer is null)
        {
            // Interleaving: a push that waits for its target must not hold callers up. Kept alive, by tick after tick: until nothing is due.
            _timer = this.RegisterGrainTimer(OnTimerAsync, new GrainTimerCreationOptions(after, s_furthestTimer) { Interleave = true, KeepAlive = true });
        }
        else
        {
            _timer.Change(after, s_furthestTimer);
        }
    }

    // The tick does not last as long as the pump: an activation that is to end is told so once its ticks are over.
    private Task OnTimerAsync(CancellationToken cancellationToken)
    {
        if (_pumping.IsCompleted)
        {
            _pumping = PumpAsync(cancellationToken);
        }

        return Task.CompletedTask;
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan? next;
            do
            {
                next = await PushDueAsync(cancellationToken);
            }
            while (_kicked || next == TimeSpan.Zero);

            Schedule(next is { } wait && wait <= s_furthestTimer && _ended is null ? wait : Timeout.InfiniteTimeSpan);
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

        // Where the loop failed, nobody records what comes of them.
        Task rest = Task.WhenAll(_underWay.Select(request => request.Results));
        await rest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
