using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Pairs pulls with the leads in front.</summary>
internal sealed partial class NamespaceGrain
{
    private const int FirstRefill = 50;

    // What hands nothing out writes nothing, and would not notice that another process has the namespace by now.
    private static readonly TimeSpan s_doubtedAfter = TimeSpan.FromSeconds(5);

    private int _refill;
    private long _currentAt;

    // Whether a lead may be had, now or after reading on.
    private bool MayHaveLead
        => !_paused && (_window.Count > 0 || _window.ReadThrough < _lastSeq || _held.MustRead || _held.TryPeek(out _));

    private bool MayLease => _held.OutCount < options.Value.MaxLeases && _held.OutBytes < options.Value.MaxLeaseBytes;

    private async ValueTask GatherAsync(PullRound round)
    {
        while (TryPeekPull(out var queue, out var pull) && HasRoom(round, pull.Command.Count))
        {
            if (_paused)
            {
                queue.Dequeue();
                EndWith(queue, pull, PullOutcome.Paused.Value);
            }
            else if (await FindFrontAsync(round, pull, pull.Command.Count, pull.Command.Count) is var front and not Front.Found)
            {
                if (front is Front.None)
                {
                    RunDry(round);
                }

                return;
            }
            else if (_paused || !queue.TryPeek(out var first) || first != pull)
            {
                continue; // a pause came while this read on: it takes those who wait out of their queue
            }
            else if (pull.Command.Lease is not null && !MayLease)
            {
                queue.Dequeue();
                EndWith(queue, pull, new PullOutcome.TooManyLeases(options.Value.MaxLeases));
            }
            else
            {
                queue.Dequeue();
                if (queue == _again ? pull.TryGoOn() : pull.TryTake())
                {
                    await GiveAsync(round, pull);
                    round.Keep(pull);
                }
            }
        }
    }

    // A pull of many gets what it asks for, in a commit without other pulls if need be; not one without changes, which may come for ever.
    private bool HasRoom(PullRound round, int count) => round.Count == 0 || round.Write.Weight + count <= options.Value.CommitLeads;

    private async ValueTask GiveAsync(PullRound round, Pull pull)
    {
        var (given, bytes) = (0, 0L);
        do
        {
            bytes += Give(round, pull);
        }
        while (++given < pull.Command.Count
            && bytes < options.Value.AnswerBytes
            && (pull.Command.Lease is null || MayLease)
            && await FindFrontAsync(round, pull, pull.Command.Count - given, 1) is Front.Found);
    }

    /// <summary>Gives the front lead to a pull.</summary>
    /// <returns>Its size, in bytes.</returns>
    private int Give(PullRound round, Pull pull)
    {
        var now = time.GetUtcNow();
        var held = TakeFront(out var lead);
        Forget(lead.Seq);
        if (pull.Command.Lease is { } duration)
        {
            var state = new HeldState((held?.State.Attempts ?? 0) + 1, ids.Next(now), duration);
            _held.PutOut(new HeldLead(lead, state), DueAt(duration));
            round.Lease(pull, new LeasedMark(lead, state), new Lease(state.LeaseId!.Value, now + duration, state.Attempts));
            return lead.Size;
        }

        if (held is not null)
        {
            round.Write.Hold(lead.Place, null);
        }

        NoteServed(round, lead);
        round.Serve(pull, new ServedMark(NextId(round, now), now, lead));
        return lead.Size;
    }

    /// <summary>Adds an email to the served set; where it may be there already, the database is to tell.</summary>
    private void NoteServed(PullRound round, WaitingLead lead)
    {
        var isNew = _servedSet.Add(ServedSet.Hash(EmailKey.Of(lead.Lead.Email)));
        round.Write.Careful |= !isNew || !_servedSet.IsComplete;
    }

    private bool TryPeekPull(out Queue<Pull> queue, out Pull pull)
    {
        while (_waiters.TryPeek(out var waiter) && waiter.IsOver)
        {
            _waiters.Dequeue();
        }

        queue = _again.Count > 0 ? _again : _waiters.Count > 0 ? _waiters : _pulls;
        return queue.TryPeek(out pull!);
    }

    private void EndWith(Queue<Pull> queue, Pull pull, PullOutcome outcome)
    {
        if (queue == _again)
        {
            pull.Answer(outcome);
        }
        else
        {
            pull.TryEnd(outcome);
        }
    }

    /// <summary>No lead is to be had: whoever does not wait is told so, once those that were passed over are committed.</summary>
    private void RunDry(PullRound round)
    {
        round.MustBeCurrent |= _claimed is not null && time.GetElapsedTime(_currentAt) > s_doubtedAfter;
        while (_again.TryDequeue(out var pull))
        {
            round.AddEmpty(pull);
        }

        while (_pulls.TryDequeue(out var pull))
        {
            if (_paused)
            {
                pull.TryEnd(PullOutcome.Paused.Value); // while this read on
            }
            else if (pull.Command.Wait > TimeSpan.Zero)
            {
                pull.Park(time);
                _waiters.Enqueue(pull);
            }
            else
            {
                round.AddEmpty(pull);
            }
        }
    }

    // Before the round decides anything, for the sake of the pull that comes first: held leads are never read while it has.
    private async ValueTask ReadOnAsync()
    {
        if (_toSkip.Count == 0 && TryPeekPull(out _, out var first) && _held.Lacks(first.Command.Count))
        {
            await ReadHeldAsync(first.Command.Count);
        }
    }

    private long DueAt(TimeSpan after) => time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency);
}
