using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Pairs pulls with the leads in front.</summary>
internal sealed partial class NamespaceGrain
{
    private const int FirstRefill = 50;

    private int _refill;

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
            await ReadHeldAsync();
        }
    }

    /// <summary>
    /// Whether a lead can be handed out; reads on where memory does not tell, and passes over those in other hands, as many as
    /// one commit may write. Held leads are read on in the next round where this one has decided something: the database does
    /// not know of it yet, and would show leads as held that are settled.
    /// </summary>
    /// <param name="round">Where leads that are passed over are noted.</param>
    /// <param name="pull">For whom.</param>
    /// <param name="wanted">How many leads are to follow.</param>
    /// <param name="heldWanted">How many of the held ones memory should have for that, if there are as many.</param>
    private async ValueTask<Front> FindFrontAsync(PullRound round, Pull pull, int wanted, int heldWanted)
    {
        var cleared = 0L;
        while (true)
        {
            // It may have ended while this read, and the queues with it.
            ThrowIfEnded();
            if (_held.Lacks(heldWanted) && round.Write.Weight > 0)
            {
                return Front.NextRound;
            }
            else if (_held.Lacks(heldWanted))
            {
                await ReadHeldAsync();
            }
            else if (_window.Count == 0 && _window.ReadThrough < _lastSeq && !(_held.TryPeek(out var first) && first.Place.Rank < 0))
            {
                await RefillAsync(wanted);
            }
            else if (!TryPeekFront(out var lead, out var held))
            {
                return Front.None;
            }
            else if (pull.Command.Lease is not null && held is not null && IsLast(held.State))
            {
                // It has had more leases than the setting now allows.
                _held.Remove(held.Place);
                Bury(round, held, time.GetUtcNow());
            }
            else if (_duplicates.Contains(lead.Seq) || IsInOtherHands(round, pull, lead))
            {
                if (round.Write.Skipped.Count >= options.Value.CommitLeads)
                {
                    return Front.NextRound;
                }

                TakeFront(out _);
                Skip(round, lead.Place, isHeld: held is not null);
            }
            else if (lead.Seq != cleared && IsSuspect(lead, pull))
            {
                await LookUpAsync();
                cleared = lead.Seq;
            }
            else
            {
                return Front.Found;
            }
        }
    }

    // Two leads of one email, one served and one leased by the same statement, are not told apart by the database: neither
    // part sees the other's rows. Nor may a lead that is acknowledged lose to one that is pulled with it.
    private bool IsInOtherHands(PullRound round, Pull pull, WaitingLead lead)
    {
        var mayServe = round.Acknowledges || pull.Command.Lease is not null;
        if (_held.OutCount == 0 && !mayServe && round.Write.Served.Count == 0)
        {
            return false;
        }

        var email = EmailKey.Of(lead.Lead.Email);
        return _held.IsOut(email) || ((mayServe || _servedSet.IsAbandoned || _servedSet.Contains(ServedSet.Hash(email))) && round.Serves(email));
    }

    private bool TryPeekFront(out WaitingLead lead, out HeldLead? held)
    {
        var isPlain = _window.TryPeek(out lead);
        if (_held.TryPeek(out var first) && (!isPlain || first.Place.CompareTo(lead.Place) < 0))
        {
            (lead, held) = (first.Lead, first);
            return true;
        }

        held = null;
        return isPlain;
    }

    /// <summary>Takes the front lead; not null where it was a held one.</summary>
    private HeldLead? TakeFront(out WaitingLead lead)
    {
        TryPeekFront(out lead, out var held);
        if (held is not null)
        {
            _held.Remove(held.Place);
        }
        else
        {
            _window.TryTake(out _);
        }

        return held;
    }

    private async Task RefillAsync(int wanted)
    {
        // A namespace that is asked for one lead reads a few; one that is drained reads ever more at a time.
        _refill = Math.Min(Math.Max(Math.Max(FirstRefill, wanted), 2 * _refill), options.Value.WindowLeads);
        var bytes = options.Value.WindowBytes;
        _window.Fill(await store.ReadWaitingAsync(_claimed!.Id, _window.ReadThrough, _refill, bytes, _origins));
    }

    private async Task ReadHeldAsync()
    {
        var limit = MostHeldWaiting(options.Value);
        var (read, wasLast) = await store.ReadHeldAsync(_claimed!.Id, _held.BeginRead(), _lastSeq, limit, options.Value.AnswerBytes, _origins);
        _held.EndRead(read, wasLast);
    }

    // Enough for the largest pull, as is an answer's size.
    private static int MostHeldWaiting(BufferOptions options) => Math.Max(options.WindowLeads, PullCommand.MaxCount);

    private long DueAt(TimeSpan after) => time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency);

    private enum Front
    {
        Found,
        None,
        NextRound,
    }
}
