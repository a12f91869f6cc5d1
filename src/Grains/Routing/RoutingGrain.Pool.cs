using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// The way out of the holding pool: when somebody asks, when rules change, and by a reminder when hours open or caps renew. It is
/// gone through in steps beside the grain's other work, and an end in the middle is made up for: a lead is taken out of the pool by
/// the commit that routes it, and by none after that.
/// </summary>
internal sealed partial class RoutingGrain
{
    private const string PoolReminder = "holding-pool";
    private const int PoolStep = 500;
    private const int PoolAtOnce = 100; // of them are on their way to a commit together

    private static readonly ClosedTargets s_noneClosed = new();

    private readonly HoldingPool _pool = new();
    private Task _goingThrough = Task.CompletedTask;
    private bool _poolKicked;
    private bool _watchingPool;

    /// <inheritdoc/>
    public async Task<PoolRouteOutcome> RoutePoolAsync(PoolRouteCommand command, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        var ids = command.LeadIds is { } some ? some.Distinct().ToArray() : null;
        var after = ids is null ? command.After : null;
        var (routed, blocked, held, seen) = (0, 0, 0, 0);
        do
        {
            var (found, hasMore) = await leads.ListPoolAsync(state.OrganizationId, after ?? Guid.Empty, PoolStep, ids);
            var step = await RouteAsync(found, command.Actor, cancellationToken);
            (routed, blocked, held, seen) = (routed + step.Routed, blocked + step.Blocked, held + step.Held, seen + found.Count);
            after = hasMore ? found[^1].Id : null;
        }
        while (ids is not null && after is not null);

        var gone = (ids?.Length ?? seen) - routed - blocked - held;
        if (ids is not null && await leads.ReviveForNamespacesAsync(state.OrganizationId, ids, command.Actor) is > 0 and var revived)
        {
            (routed, gone) = (routed + revived, gone - revived);
            await WatchNamespacesAsync(state);
            StartSweep();
        }

        var outcome = new PoolRouteOutcome(routed, blocked, held, gone, after);
        await audit.AppendAsync(new AuditEntry(
            state.OrganizationId, command.Actor, "held_leads_routed", "organization", "holding-pool", After: IngestAudit.Of(outcome)));
        return outcome;
    }

    private async Task<(int Routed, int Blocked, int Held)> RouteAsync(List<RoutedLead> found, Actor actor, CancellationToken cancellationToken)
    {
        var (routed, blocked, held) = (0, 0, 0);
        foreach (var some in found.Chunk(PoolAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var status in await Task.WhenAll(some.Select(lead => RouteAsync(lead, actor))))
            {
                routed += status == RoutedStatus.Active ? 1 : 0;
                blocked += status == RoutedStatus.Blocked ? 1 : 0;
                held += status == RoutedStatus.Held ? 1 : 0;
            }
        }

        return (routed, blocked, held);
    }

    // ACTIVE for one that is on its way, null for one that somebody else has taken out of the pool.
    private async Task<string?> RouteAsync(RoutedLead lead, Actor actor)
    {
        using var turn = await _turns.EnterAsync(EmailKey.Of(lead.Email));
        var state = await StateAsync();
        var hand = LeadInHand.Held(lead, actor);
        using (var fields = new RuleInput(lead.Id, hand.Lead))
        {
            if (Winner(fields, state, time.GetUtcNow(), s_noneClosed) is null)
            {
                return RoutedStatus.Held;
            }
        }

        var (write, done) = await DecideAsync(state, hand, shared.Commits.Pool);
        if (done && write.Target is { } target)
        {
            shared.Metrics.Decided(write.Audit.Action);
            StartPush(lead.Id, hand.Lead, target);
            return RoutedStatus.Active;
        }

        return done ? write.Status : null;
    }

    private void KickPool()
    {
        _poolKicked = true;
        if (_goingThrough.IsCompleted)
        {
            _goingThrough = GoThroughAsync();
        }
    }

    private async Task GoThroughAsync()
    {
        await Task.Yield(); // so that the task is kept before it ends
        try
        {
            while (_poolKicked && !_stopping)
            {
                _poolKicked = false;
                await GoThroughOnceAsync();
            }
        }
#pragma warning disable CA1031 // The edge: the reminder makes up for it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            shared.LogPutOff(fault.GetType().Name);
        }
    }

    private async Task GoThroughOnceAsync()
    {
        var state = await StateAsync();
        await ReadRoomsAsync(state.OrganizationId, TimeSpan.Zero);
        var open = OpenNow(state);
        if (_pool.From(open) is { } from)
        {
            await GoThroughAsync(state.OrganizationId, from, open);
        }
        else if (_pool.IsQuiet && (await leads.ListPoolAsync(state.OrganizationId, Guid.Empty, 1)).Leads is [])
        {
            await StopWatchingPoolAsync();
        }
    }

    private async Task GoThroughAsync(long organizationId, Guid from, HashSet<HoldingPool.Opening> open)
    {
        _pool.Begin();
        var after = RoutedLeadIds.Before(from);
        try
        {
            while (!_stopping)
            {
                var (found, hasMore) = await leads.ListPoolAsync(organizationId, after, PoolStep);
                await RouteAsync(found, "grid", CancellationToken.None);
                if (!hasMore)
                {
                    _pool.Finish(open);
                    return;
                }

                after = found[^1].Id;
            }
        }
        catch
        {
            _pool.Fail(from);
            throw;
        }
    }

    private HashSet<HoldingPool.Opening> OpenNow(RoutingState state)
    {
        var now = time.GetUtcNow();
        return
        [
            .. state.Rules
                .Where(rule => rule.Definition.Enabled && RoutingRules.Closure(rule, now, _counts.Of, CampaignFullAt) is null)
                .Select(rule => new HoldingPool.Opening(
                    rule.Id,
                    rule.UpdatedAt,
                    rule.Definition.DailyCap is null ? default : ActiveClock.DayOf(rule.Definition, now),
                    _rooms.DayOf(rule.Definition.Target.CampaignId),
                    _rooms.CapOf(rule.Definition.Target.CampaignId))),
        ];
    }

    private async Task<IDisposable> JoinPoolAsync(Guid leadId)
    {
        var joining = _pool.Join(leadId);
        try
        {
            await WatchPoolAsync();
            return joining;
        }
        catch
        {
            joining.Dispose();
            throw;
        }
    }

    // Wakes this grain where a process has died, and where nobody calls when hours open.
    private async Task WatchPoolAsync()
    {
        if (!_watchingPool)
        {
            _watchingPool = true;
            try
            {
                await StorageFaults.GuardAsync(() => this.RegisterOrUpdateReminder(PoolReminder, options.Value.PoolLookAfter, TimeSpan.FromMinutes(1)));
            }
            catch
            {
                _watchingPool = false;
                throw;
            }
        }
    }

    private async Task WatchPoolOfBeforeAsync(long organizationId)
    {
        if (!_watchingPool && (await leads.ListPoolAsync(organizationId, Guid.Empty, 1)).Leads is not [])
        {
            await WatchPoolAsync();
        }
    }

    private async Task StopWatchingPoolAsync()
    {
        if (await StorageFaults.GuardAsync(() => this.GetReminder(PoolReminder)) is not { } reminder || !_pool.IsQuiet)
        {
            return;
        }

        _watchingPool = false;
        await this.UnregisterReminder(reminder);
        if (_watchingPool)
        {
            // A lead has come meanwhile, and which of the two was last in the table cannot be told.
            await StorageFaults.GuardAsync(() => this.RegisterOrUpdateReminder(PoolReminder, options.Value.PoolLookAfter, TimeSpan.FromMinutes(1)));
        }
    }
}
