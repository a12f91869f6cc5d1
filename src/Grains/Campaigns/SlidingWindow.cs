using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// Requests under way and just ended, on a clock that only goes forward. A request counts from its start until a window's
/// length after its end: its service counted it at some moment between, so that any two requests that are never counted
/// together here are a whole window apart there.
/// </summary>
internal sealed class SlidingWindow
{
    // Between requests that are all under way nobody knows when there is room: ask again soon.
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<Guid, Counted> _counted = [];
    private TimeSpan _blockedUntil = TimeSpan.MinValue;

    /// <summary>Counts a request that starts now, if it may.</summary>
    /// <param name="request">Names it.</param>
    /// <param name="now">On this window's clock.</param>
    /// <param name="limit">The service's limit, what clocks differ by included in the window.</param>
    /// <param name="longest">How long it may take at most.</param>
    /// <returns>Null where it may start; otherwise how long to wait before asking again.</returns>
    internal TimeSpan? Take(Guid request, TimeSpan now, RateLimit limit, TimeSpan longest)
    {
        Forget(now);
        if (_blockedUntil > now)
        {
            return _blockedUntil - now;
        }

        if (_counted.Count < limit.Requests)
        {
            _counted.Add(request, new Counted(now + longest + limit.Window, limit.Window, Ended: false));
            return null;
        }

        // With a lowered limit several have to go first.
        var ended = _counted.Values.Where(c => c.Ended).Select(c => c.Until - now).Order().Skip(_counted.Count - limit.Requests);
        return ended.Select(left => left > s_soon ? left : s_soon).FirstOrDefault(s_soon);
    }

    /// <summary>A request has ended: it counts for a window's length more.</summary>
    internal void End(Guid request, TimeSpan now)
    {
        if (_counted.TryGetValue(request, out var counted) && !counted.Ended)
        {
            _counted[request] = counted with { Until = now + counted.Window, Ended = true };
        }
    }

    /// <summary>Lets nothing start for so long.</summary>
    internal void Block(TimeSpan now, TimeSpan wait)
    {
        if (now + wait > _blockedUntil)
        {
            _blockedUntil = now + wait;
        }
    }

    /// <summary>What must be known to go on elsewhere: how long each request counts yet, and how long nothing may start.</summary>
    internal (IReadOnlyList<TimeSpan> Counts, TimeSpan Blocked) Left(TimeSpan now)
    {
        Forget(now);
        return ([.. _counted.Values.Select(c => c.Until - now)], _blockedUntil > now ? _blockedUntil - now : TimeSpan.Zero);
    }

    /// <summary>Takes up what another left.</summary>
    internal void Resume(TimeSpan now, IEnumerable<TimeSpan> counts, TimeSpan blocked)
    {
        foreach (var left in counts)
        {
            _counted.Add(Guid.NewGuid(), new Counted(now + left, TimeSpan.Zero, Ended: true));
        }

        Block(now, blocked);
    }

    private void Forget(TimeSpan now)
    {
        foreach (var (request, counted) in _counted)
        {
            if (counted.Until <= now)
            {
                _counted.Remove(request);
            }
        }
    }

    private readonly record struct Counted(TimeSpan Until, TimeSpan Window, bool Ended);
}
