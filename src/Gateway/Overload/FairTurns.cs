namespace LeadGrain.Gateway.Overload;

/// <summary>So many turns at once. Who waits is served in order within its party, and the parties one after the other.</summary>
internal sealed class FairTurns<TParty>(int turns)
    where TParty : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TParty, Queue<Waiter>> _waiting = [];
    private readonly Queue<TParty> _parties = new();
    private int _free = turns;

    /// <summary>Takes a turn, to be ended by <see cref="End"/>; false where none came free in time.</summary>
    internal async ValueTask<bool> TakeAsync(TParty party, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return true;
            }

            waiter = new Waiter();
            Enqueue(party, waiter);
        }

        try
        {
            await waiter.Turn.Task.WaitAsync(patience, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            // The turn may have come at the same moment: then it is ours to use.
            return !waiter.Turn.TrySetCanceled(CancellationToken.None);
        }
        catch (OperationCanceledException) when (!waiter.Turn.TrySetCanceled(CancellationToken.None))
        {
            End();
            throw;
        }
    }

    /// <summary>Ends a turn and gives it to who is next.</summary>
    internal void End()
    {
        lock (_lock)
        {
            while (_parties.TryDequeue(out var party))
            {
                if (TakeNext(party).Turn.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    private void Enqueue(TParty party, Waiter waiter)
    {
        if (!_waiting.TryGetValue(party, out var queue))
        {
            _waiting[party] = queue = new Queue<Waiter>();
            _parties.Enqueue(party);
        }

        queue.Enqueue(waiter);
    }

    private Waiter TakeNext(TParty party)
    {
        var queue = _waiting[party];
        var next = queue.Dequeue();
        if (queue.Count > 0)
        {
            _parties.Enqueue(party);
        }
        else
        {
            _waiting.Remove(party);
        }

        return next;
    }

    private sealed class Waiter
    {
        internal TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
