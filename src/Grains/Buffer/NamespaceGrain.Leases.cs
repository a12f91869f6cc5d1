using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Buffer;

/// <summary>Leases: settled by their holders, ended by time, and what has had its last attempt set aside.</summary>
internal sealed partial class NamespaceGrain
{
    private const int MostRevivedAtOnce = 1_000;

    private readonly HeldLeads _held = new(MostHeldWaiting(options.Value), options.Value.AnswerBytes, waiting);

    /// <inheritdoc/>
    public Task<Keyed<LeaseOutcomes>> SettleAsync(LeaseCommand command, CancellationToken cancellationToken)
        => command.Key is not { } key ? ChangeAsync(command)
            : _claimed is null ? ChangeAsync(command with { Key = null }) // What does not exist holds no leases, and keeps no answers.
            : AnswerOnceAsync(RouteOf(command.Action), key, _ => ChangeAsync(command), ReplayLeasesAsync);

    /// <inheritdoc/>
    public async Task<DeadLeadPage?> ListDeadAsync(Guid after, int limit, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_claimed is not { } claimed)
        {
            return null;
        }

        if (_held.NextDueAt <= time.GetTimestamp())
        {
            // Those whose last lease has ended are dead once that is committed.
            await ChangeAsync(new LeaseCommand([], LeaseAction.Ack.Value));
        }

        var bytes = Math.Min(options.Value.AnswerBytes, PageRows.PageSize);
        var (dead, hasMore) = await deadLeads.ListAsync(claimed.Id, ids: null, after, Guid.AllBitsSet, limit, bytes, _origins);
        return new DeadLeadPage([.. dead.Select(d => new DeadLead(d.Id, d.Lead.Lead, d.Lead.Origin, d.Attempts, d.At))], hasMore);
    }

    /// <inheritdoc/>
    public async Task<long?> ReviveAsync(ImmutableArray<Guid>? ids, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_claimed is not { } claimed)
        {
            return null;
        }

        // Those that die meanwhile are not meant: while their consumer fails, there would be no end to it.
        var through = await deadLeads.LastAsync(claimed.Id);
        Guid[]? asked = ids is { } some ? [.. some] : null;
        long revived = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var (dead, _) = await deadLeads.ListAsync(
                claimed.Id, asked, Guid.Empty, through, MostRevivedAtOnce, options.Value.AnswerBytes, _origins);
            if (dead.Count == 0)
            {
                break;
            }

            var revival = new Revival(dead);
            Enqueue(revival);
            await revival.Task;
            revived += dead.Count;
        }

        return revived;
    }

    private Task<Keyed<LeaseOutcomes>> ChangeAsync(LeaseCommand command)
    {
        var change = new LeaseChange(command);
        Enqueue(change);
        return change.Task;
    }

    private void Enqueue(Change change)
    {
        ThrowIfEnded();
        if (_changes.Count >= options.Value.QueueLimit)
        {
            throw new OverloadedException("Too many changes wait in this namespace.");
        }

        _changes.Enqueue(change);
        Pump();
    }

    private void TakeChanges(PullRound round)
    {
        while (round.Write.Weight < options.Value.CommitLeads && _changes.TryDequeue(out var change))
        {
            round.Add(change);
            switch (change)
            {
                case LeaseChange leases:
                    Settle(round, leases);
                    break;
                case Revival revival:
                    Revive(round, revival);
                    break;
            }
        }
    }

    private void Settle(PullRound round, LeaseChange change)
    {
        var (now, at) = (time.GetTimestamp(), time.GetUtcNow());
        var outcomes = new LeaseOutcomes(
            [.. change.Command.Leases.Select((id, n) => _held.OnLease(id, now) is not { } held ? new LeaseOutcome(LeaseFate.NotHeld)
                : change.Command.Action is LeaseAction.Ack ? Acknowledge(round, change, n, held, at)
                : Settle(round, held, change.Command.Action, at))]);
        change.Outcomes = outcomes;
        round.MustBeCurrent |= _claimed is not null && outcomes.Leases.Any(static lease => lease.Fate == LeaseFate.NotHeld);
        leaseMetrics.Settled(outcomes);
        if (change.Command.Key is { } key)
        {
            var served = change.Acknowledged.Count > 0
                ? outcomes.Leases.Select((_, n) => change.Acknowledged.TryGetValue(n, out var mark) ? mark.Id : (Guid?)null).ToArray()
                : null;
            var answer = JsonSerializer.SerializeToUtf8Bytes(new KeptLeases(outcomes.Leases, served), KeptAnswers.Default.KeptLeases);
            round.Write.Keep(new KeptAnswer(RouteOf(change.Command.Action), key, answer));
        }
    }

    private LeaseOutcome Acknowledge(PullRound round, LeaseChange change, int index, HeldLead held, DateTimeOffset now)
    {
        _held.TakeIn(held.Place);
        round.Write.Hold(held.Place, null);
        NoteServed(round, held.Lead);
        var mark = new ServedMark(NextId(round, now), now, held.Lead);
        round.Acknowledge(mark);
        change.Acknowledged.Add(index, mark);
        return new LeaseOutcome(LeaseFate.Acked);
    }

    private LeaseOutcome Settle(PullRound round, HeldLead held, LeaseAction action, DateTimeOffset now)
    {
        var (lead, state) = held;
        _held.TakeIn(held.Place);
        switch (action)
        {
            case LeaseAction.Extend(var duration):
                Hold(round, lead, state with { HeldFor = duration });
                return new LeaseOutcome(LeaseFate.Extended, now + duration);
            case LeaseAction.Nack when IsLast(state):
                Bury(round, held, now);
                return new LeaseOutcome(LeaseFate.Dead);
            case LeaseAction.Nack(var delay):
                Hold(round, lead, delay > TimeSpan.Zero ? new HeldState(state.Attempts, null, delay) : new HeldState(state.Attempts));
                return new LeaseOutcome(LeaseFate.Returned);
            default:
                throw new InvalidOperationException($"Not an action on leases: {action}");
        }
    }

    private void Revive(PullRound round, Revival revival)
    {
        foreach (var dead in revival.Leads)
        {
            round.Write.Revive(dead.Id, dead.Lead.Place);
            _held.Add(new HeldLead(dead.Lead, new HeldState(0)));
        }
    }

    private void ReturnDue(PullRound round)
    {
        var now = time.GetTimestamp();
        while (round.Write.Weight < options.Value.CommitLeads && _held.TryTakeDue(now, out var held))
        {
            var wasLease = held.State.LeaseId is not null;
            if (wasLease && IsLast(held.State))
            {
                Bury(round, held, time.GetUtcNow());
            }
            else
            {
                Hold(round, held.Lead, new HeldState(held.State.Attempts));
            }

            leaseMetrics.Ended(wasLease);
        }
    }

    private void Hold(PullRound round, WaitingLead lead, HeldState state)
    {
        round.Write.Hold(lead.Place, state);
        if (state.HeldFor is { } duration)
        {
            _held.PutOut(new HeldLead(lead, state), DueAt(duration));
        }
        else
        {
            _held.Add(new HeldLead(lead, state));
        }
    }

    private void Bury(PullRound round, HeldLead held, DateTimeOffset now)
    {
        round.Write.Bury(new Death(ids.Next(now), held.Place, held.State.Attempts, now));
        leaseMetrics.Buried();
    }

    private bool IsLast(HeldState state) => state.Attempts >= options.Value.MaxAttempts;

    private async Task LoadHeldAsync(ClaimedNamespace claimed)
    {
        if (!claimed.HasHeld)
        {
            return;
        }

        _held.StartReading();
        foreach (var (held, left) in await store.ReadOutAsync(claimed.Id, _origins))
        {
            // Neither longer than was granted, should the database's clock have stepped back, nor less than nothing.
            var granted = held.State.HeldFor!.Value;
            _held.PutOut(held, DueAt(left > granted ? granted : left < TimeSpan.Zero ? TimeSpan.Zero : left));
            if (held.State.LeaseId is { } lease)
            {
                // A repeat tells by its id whether a lead was served after this lease.
                ids.RiseAbove(lease);
            }
        }

        SetWake();
    }

    private static KeyedRoute RouteOf(LeaseAction action) => action switch
    {
        LeaseAction.Ack => KeyedRoute.Ack,
        LeaseAction.Nack => KeyedRoute.Nack,
        _ => KeyedRoute.Extend,
    };
}
