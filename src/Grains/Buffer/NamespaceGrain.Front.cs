using System.Diagnostics.CodeAnalysis;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Finds the lead in front: held or from the window, read on where memory does not tell.</summary>
internal sealed partial class NamespaceGrain
{
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
            var lacksHeld = _held.Lacks(heldWanted);
            if (lacksHeld && round.Write.Weight > 0)
            {
                return Front.NextRound;
            }

            if (lacksHeld || MustRefill())
            {
                await (lacksHeld ? ReadHeldAsync(heldWanted) : RefillAsync(wanted));
            }
            else if (!TryPeekFront(out var lead, out var held))
            {
                return Front.None;
            }
            else if (IsSpent(pull, held) || _duplicates.Contains(lead.Seq) || IsInOtherHands(round, pull, lead))
            {
                if (!TryPassOver(round, pull, held))
                {
                    return Front.NextRound;
                }
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

    // A held lead that comes before all in the window spares the reading.
    private bool MustRefill() => _window.Count == 0 && _window.ReadThrough < _lastSeq && !(_held.TryPeek(out var first) && first.Place.Rank < 0);

    // It has had more leases than the setting now allows.
    private bool IsSpent(Pull pull, [NotNullWhen(true)] HeldLead? held)
        => pull.Command.Lease is not null && held is not null && IsLast(held.State);

    /// <summary>Takes the front lead out of the way: buries one that is spent, skips others unless the commit is full.</summary>
    private bool TryPassOver(PullRound round, Pull pull, HeldLead? held)
    {
        if (IsSpent(pull, held))
        {
            _held.Remove(held.Place);
            Bury(round, held, time.GetUtcNow());
            return true;
        }

        if (round.Write.Skipped.Count >= options.Value.CommitLeads)
        {
            return false;
        }

        TakeFront(out var lead);
        Skip(round, lead.Place, isHeld: held is not null);
        return true;
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
        // A namespace that is asked for one lead reads a few; one that is drained reads ever more at a time, while the process
        // has room for them.
        var few = Math.Max(FirstRefill, wanted);
        _refill = Math.Min(waiting.Left > 0 ? Math.Max(few, 2 * _refill) : few, options.Value.WindowLeads);
        var bytes = options.Value.WindowBytes;
        var read = await store.ReadWaitingAsync(_claimed!, _window.ReadThrough, _refill, bytes, _origins);
        _window.Fill(waiting.Left > 0 ? read : read.Take(few)); // others may have taken the room meanwhile
        waiting.Report();
    }

    private async Task ReadHeldAsync(int wanted)
    {
        var few = Math.Max(FirstRefill, wanted);
        var limit = waiting.Left > 0 ? MostHeldWaiting(options.Value) : few;
        var after = _held.BeginRead(few);
        var (read, wasLast) = await store.ReadHeldAsync(_claimed!.Id, after, _lastSeq, limit, options.Value.AnswerBytes, _origins);
        _held.EndRead(read, wasLast);
        waiting.Report();
    }

    // Enough for the largest pull, as is an answer's size.
    private static int MostHeldWaiting(BufferOptions options) => Math.Max(options.WindowLeads, PullCommand.MaxCount);

    private enum Front
    {
        Found,
        None,
        NextRound,
    }
}
