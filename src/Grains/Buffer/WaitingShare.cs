namespace LeadGrain.Grains.Buffer;

/// <summary>
/// What the waiting leads of one activation take of the process's memory. It is counted here lead by lead, and with the
/// process by <see cref="Report"/>.
/// </summary>
internal sealed class WaitingShare(WaitingBudget budget)
{
    private long _bytes;
    private long _reported;
    private bool _isOver;

    /// <summary>What the process has left, in bytes; less than nothing where pulls needed more.</summary>
    internal long Left => budget.Left - (_bytes - _reported);

    /// <summary>A lead came to memory.</summary>
    internal void Add(WaitingLead lead) => _bytes += lead.Size;

    /// <summary>A lead left it.</summary>
    internal void Remove(WaitingLead lead) => _bytes -= lead.Size;

    /// <summary>Takes of the budget what came since the last time, or gives back what left.</summary>
    internal void Report()
    {
        if (!_isOver && _bytes != _reported)
        {
            budget.Take(_bytes - _reported);
            _reported = _bytes;
        }
    }

    /// <summary>Gives all back: the activation ends. What a read under way brings after that is not counted.</summary>
    internal void End()
    {
        budget.Take(-_reported);
        (_reported, _isOver) = (0, true);
    }
}
