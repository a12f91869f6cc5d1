using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What became of the last pushes, and who waits to hear it. Used in a grain's turns only.</summary>
internal sealed class PushFates
{
    // Covers those that were pushed between their commit and the call that asks for them.
    private const int Kept = 4_096;

    private readonly Dictionary<Guid, PushFate> _known = [];
    private readonly Queue<Guid> _order = new();
    private readonly Dictionary<Guid, TaskCompletionSource<PushFate>> _waiting = [];

    internal PushFate? Find(Guid leadId) => _known.GetValueOrDefault(leadId);

    /// <summary>Ends with the lead's fate.</summary>
    internal Task<PushFate> ComingAsync(Guid leadId)
    {
        if (!_waiting.TryGetValue(leadId, out var waiting))
        {
            _waiting[leadId] = waiting = new TaskCompletionSource<PushFate>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return waiting.Task;
    }

    /// <summary>Nobody waits for it any more.</summary>
    internal void Leave(Guid leadId) => _waiting.Remove(leadId);

    internal void Tell(Guid leadId, PushFate fate)
    {
        if (_waiting.Remove(leadId, out var waiting))
        {
            waiting.TrySetResult(fate);
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
            waiting.TrySetResult(fate);
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
}
