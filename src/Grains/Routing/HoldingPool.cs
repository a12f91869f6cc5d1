namespace LeadGrain.Grains.Routing;

/// <summary>
/// Tells when the holding pool is worth going through: all of it where a rule takes leads that did not before, and otherwise
/// those leads that came since, once, for what may have opened between their decision and their commit. For use within one grain.
/// </summary>
internal sealed class HoldingPool
{
    private HashSet<Opening> _open = [];
    private Guid? _newFrom;
    private int _joining;

    /// <summary>Whether nobody is on the way into it, and nobody has come since it was last gone through.</summary>
    internal bool IsQuiet => _joining == 0 && _newFrom is null;

    /// <summary>A lead is on its way into the pool until this is disposed.</summary>
    internal IDisposable Join(Guid leadId) => new Joining(this, leadId);

    /// <summary>From where on the pool is to be gone through; null where nothing is to be done.</summary>
    internal Guid? From(IReadOnlyCollection<Opening> open)
    {
        _open.IntersectWith(open); // what has closed meanwhile is new when it opens
        return open.Any(opening => !_open.Contains(opening)) ? Guid.Empty : _newFrom;
    }

    /// <summary>Going through it begins: who comes from now on is looked at the next time.</summary>
    internal void Begin() => _newFrom = null;

    /// <summary>All of it was gone through while these took leads.</summary>
    internal void Finish(IReadOnlyCollection<Opening> open) => _open = [.. open];

    /// <summary>It was not gone through to its end.</summary>
    internal void Fail(Guid from) => _newFrom = Earlier(from);

    private Guid Earlier(Guid id) => _newFrom is { } known && known.CompareTo(id) < 0 ? known : id;

    /// <summary>A rule that takes leads, as it was when, on which day of its own and of its campaign.</summary>
    internal readonly record struct Opening(Guid RuleId, DateTimeOffset UpdatedAt, DateOnly Day, DateOnly? CampaignDay, int? CampaignCap);

    private sealed class Joining : IDisposable
    {
        private readonly HoldingPool _pool;
        private readonly Guid _leadId;

        internal Joining(HoldingPool pool, Guid leadId)
        {
            (_pool, _leadId) = (pool, leadId);
            pool._joining++;
        }

        public void Dispose()
        {
            _pool._joining--;
            _pool._newFrom = _pool.Earlier(_leadId);
        }
    }
}
