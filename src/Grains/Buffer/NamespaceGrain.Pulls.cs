using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Pulls: one pump takes all that wait, commits what it decided for them together, then answers.</summary>
internal sealed partial class NamespaceGrain
{
    // In the order in which they are given leads: those that lost theirs, those that wait, those that just came.
    private readonly Queue<Pull> _again = new();
    private readonly Queue<Pull> _waiters = new();
    private readonly Queue<Pull> _pulls = new();
    private readonly Queue<Change> _changes = new();
    private readonly List<(Place Place, bool IsHeld)> _toSkip = [];
    private bool _pumping;
    private IGrainTimer? _wakeTimer;

    private bool HasWork
        => _pulls.Count > 0 || _again.Count > 0 || _changes.Count > 0 || _toSkip.Count > 0
            || (_waiters.Count > 0 && MayHaveLead) || _held.NextDueAt <= time.GetTimestamp();

    /// <inheritdoc/>
    public Task<Keyed<PullOutcome>> NextAsync(PullCommand command, CancellationToken cancellationToken)
        => command.Key is { } key
            ? AnswerOnceAsync(KeyedRoute.Next, key, isKept => PullAsync(command, isKept, cancellationToken), ReplayPullAsync)
            : PullAsync(command, isKept: false, cancellationToken);

    private Task<Keyed<PullOutcome>> PullAsync(PullCommand command, bool isKept, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_pulls.Count >= options.Value.QueueLimit)
        {
            throw new OverloadedException("Too many pulls wait in this namespace.");
        }

        var pull = new Pull(command, cancellationToken) { IsKept = isKept };
        _pulls.Enqueue(pull);
        Pump();
        return pull.Task;
    }

    private void Pump()
    {
        if (!_pumping)
        {
            _pumping = true;
            _ = ApartFromCaller(PumpAsync);
        }
    }

    private async Task PumpAsync()
    {
        PullRound? round = null;
        try
        {
            while (_ended is null && HasWork)
            {
                await ReadOnAsync();
                round = new PullRound(_claimed);
                SkipLost(round);
                ReturnDue(round);
                TakeChanges(round);
                if (round.Write.Revived.Count == 0)
                {
                    // A revived lead that turned out to be served would be neither dead nor held before its skip is committed.
                    await GatherAsync(round);
                }

                waiting.Report();
                await CommitAsync(round);
            }

            SetWake();
        }
#pragma warning disable CA1031 // The loop's edge: whatever failed ends the activation, and the callers are told.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // Also where reading on failed: who was given a lead by then waits in no queue any more.
            round?.Fail(exception);
            End(exception);
        }

        _pumping = false;
        if (_ended is not null)
        {
            // It may have ended while a commit was under way, and that then have left pulls without their leads, to be given others.
            RefuseQueued();
        }
    }

    private async ValueTask CommitAsync(PullRound round)
    {
        if (round.Write.Weight == 0 && !round.MustBeCurrent)
        {
            round.Answer(PullResult.Done.All.AlreadyServed);
            return;
        }

        PullResult result;
        try
        {
            result = await commits.Pulls.CommitAsync(round.Write);
        }
        catch
        {
            if (round.PulledWithoutKey() is [_, ..] marks)
            {
                unanswered.Add(GrainKey, marks);
            }

            throw;
        }

        if (result is not PullResult.Done { AlreadyServed: var alreadyServed })
        {
            throw Fenced();
        }

        _currentAt = time.GetTimestamp();
        if (round.Write.Weight == 0)
        {
            round.Answer(alreadyServed);
            return;
        }

        Count(round, alreadyServed);
        foreach (var pull in round.Answer(alreadyServed) ?? [])
        {
            _again.Enqueue(pull);
        }

        MoveCheckpoint();
    }

    private void Count(PullRound round, IReadOnlySet<long> alreadyServed)
    {
        var write = round.Write;
        _served += write.Served.Count;
        _skipped += write.Skipped.Count;
        _lastId = round.LastId > _lastId ? round.LastId : _lastId;
        foreach (var mark in alreadyServed.Count > 0 ? write.Served : [])
        {
            if (alreadyServed.Contains(mark.Lead.Seq))
            {
                // The skip is recorded by the next commit; should that never come, the lead is found served once more. One that
                // was to leave the held ones is among them still.
                _served--;
                _toSkip.Add((mark.Lead.Place, IsHeld: write.Unholds(mark.Lead.Place)));
            }
        }

        foreach (var mark in alreadyServed.Count > 0 ? write.Leased : [])
        {
            if (alreadyServed.Contains(mark.Lead.Seq))
            {
                _held.TakeIn(mark.Lead.Place);
                _toSkip.Add((mark.Lead.Place, IsHeld: true));
            }
        }

        _manyDuplicates |= alreadyServed.Count > 0;
        metrics.Pulled(round.Count - alreadyServed.Count, write.Skipped.Count);
        NoteHandled(round.Count);
    }

    private void SkipLost(PullRound round)
    {
        foreach (var (place, isHeld) in _toSkip)
        {
            Skip(round, place, isHeld);
        }

        _toSkip.Clear();
    }

    private void Skip(PullRound round, Place place, bool isHeld)
    {
        Forget(place.Seq);
        round.Write.Skip(new SkippedMark(NextId(round, time.GetUtcNow()), place.Seq));
        if (isHeld)
        {
            round.Write.Hold(place, null);
        }
    }

    private Guid NextId(PullRound round, DateTimeOffset now) => round.LastId = ids.Next(now);

    /// <summary>Sees to it that the pump runs when the next lease or delay ends.</summary>
    private void SetWake()
    {
        if (_held.NextDueAt is not { } dueAt)
        {
            return;
        }

        var now = time.GetTimestamp();
        var wait = dueAt > now ? time.GetElapsedTime(now, dueAt) : TimeSpan.Zero;
        if (_wakeTimer is null)
        {
            _wakeTimer = this.RegisterGrainTimer(
                WakeAsync, new GrainTimerCreationOptions(wait, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
        else
        {
            _wakeTimer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private Task WakeAsync(CancellationToken cancellationToken)
    {
        Pump();
        return Task.CompletedTask;
    }
}
