using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What became of the last pushes, and who waits to hear it. Used in a grain's turns only.</summary>
internal sealed class PushFates
{
    // Covers those that were pushed between their commit and the call that asks for them.
    private const int Kept = 4_096;

    private readonly Dictionary<Guid, PushFate> _known = [];
    private readonly Queue<Guid> _order = new();
    private readonly Dictionary<Guid, Waiting> _waiting = [];

    internal PushFate? Find(Guid leadId) => _known.GetValueOrDefault(leadId);

    /// <summary>Ends with the lead's fate. Who asks leaves in the end.</summary>
    internal Task<PushFate> ComingAsync(Guid leadId)
    {
        if (!_waiting.TryGetValue(leadId, out var waiting))
        {
            _waiting[leadId] = waiting = new Waiting();
        }

        waiting.Callers++;
        return waiting.Fate.Task;
    }

    /// <summary>One caller less waits for it.</summary>
    /// <param name="leadId">Whose fate.</param>
    /// <param name="coming">What the caller was given: others may wait for a later push of the lead.</param>
    internal void Leave(Guid leadId, Task<PushFate> coming)
    {
        if (_waiting.TryGetValue(leadId, out var waiting) && waiting.Fate.Task == coming && --waiting.Callers == 0)
        {
            _waiting.Remove(leadId);
        }
    }

    internal void Tell(Guid leadId, PushFate fate)
    {
        if (_waiting.Remove(leadId, out var waiting))
        {
            waiting.Fate.TrySetResult(fate);
        }

        if (_known.TryAdd(leadId, fate))
        {
            _order.Enqueue(leadId);
            if (_order.Count > Kept)
            {
                _known.Remove(_order.Dequeue());
            }
        }
        else
        {
            _known[leadId] = fate;
        }
    }

    /// <summary>All that waits is told the same.</summary>
    internal void TellAll(PushFate fate)
    {
        foreach (var waiting in _waiting.Values)
        {
            waiting.Fate.TrySetResult(fate);
        }

        _waiting.Clear();
    }

    /// <summary>The pushes go on, but not here.</summary>
    internal void EndWaiting() => TellAll(PushFate.Pending.Value);

    internal void Forget()
    {
        _known.Clear();
        _order.Clear();
    }

    private sealed class Waiting
    {
        internal TaskCompletionSource<PushFate> Fate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal int Callers { get; set; }
    }
}
