namespace LeadGrain.Grains.Storage;

/// <summary>So many turns at once. Who waits is served in order within its organization, and the organizations one after the other.</summary>
internal sealed class ReadTurns(int turns)
{
    private readonly Lock _lock = new();
    private readonly FairQueue<long, TaskCompletionSource> _waiting = new();
    private int _free = turns;

    /// <summary>Takes a turn, to be ended by <see cref="End"/>.</summary>
    internal Task TakeAsync(long organizationId)
    {
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(organizationId, waiter);
            return waiter.Task;
        }
    }

    /// <summary>Ends a turn and gives it to who is next.</summary>
    internal void End()
    {
        lock (_lock)
        {
            if (_waiting.Count > 0)
            {
                _waiting.Dequeue().SetResult();
            }
            else
            {
                _free++;
            }
        }
    }
}
