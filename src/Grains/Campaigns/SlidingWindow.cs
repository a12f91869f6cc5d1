using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// Requests under way and just ended, on a clock that only goes forward. A request counts from its start until a window's
/// length after its end: its service counted it at some moment between, so that any two requests that are never counted
/// together here are a whole window apart there. Where campaigns that share a key name several limits, all of them hold; one of an
/// organization's counts and holds up its own requests only.
/// </summary>
internal sealed class SlidingWindow
{
    // Between requests that are all under way nobody knows when there is room: ask again soon.
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(50);

    // The limits of a campaign that has not asked for its window and so long hold no more: it may be gone.
    private static readonly TimeSpan s_keptFor = TimeSpan.FromMinutes(1);

    private readonly Dictionary<Guid, Counted> _counted = [];
    private readonly Dictionary<string, (RateLimit[] Limits, TimeSpan At)> _named = [];
    private TimeSpan _blockedUntil = TimeSpan.MinValue;

    private IEnumerable<RateLimit> Limits => _named.Values.SelectMany(static named => named.Limits).Distinct();

    /// <summary>Counts a request that starts now, if it may.</summary>
    /// <param name="request">Names it.</param>
    /// <param name="now">On this window's clock.</param>
    /// <param name="campaign">Who asks. Its limits take the place of those that it named before.</param>
    /// <param name="limits">The service's limits, what clocks differ by included in each window.</param>
    /// <param name="longest">How long it may take at most.</param>
    /// <returns>Null where it may start; otherwise how long to wait before asking again.</returns>
    internal TimeSpan? Take(Guid request, TimeSpan now, string campaign, IEnumerable<RateLimit> limits, TimeSpan longest)
    {
        RateLimit[] own = [.. limits];
        _named[campaign] = (own, now);
        Forget(now);
        var of = own.Select(static limit => limit.Of).FirstOrDefault(static of => of is not null);
        var wait = _blockedUntil > now ? _blockedUntil - now
            : Limits.Where(limit => limit.Of is null || limit.Of == of).Max(limit => WaitFor(limit, now));
        if (wait is null)
        {
            _counted.Add(request, new Counted(now + longest, HasEnded: false, of));
        }

        return wait;
    }

    /// <summary>A request has ended: it counts for a window's length more.</summary>
    internal void End(Guid request, TimeSpan now)
    {
        if (_counted.TryGetValue(request, out var counted) && !counted.HasEnded)
        {
            _counted[request] = counted with { End = now, HasEnded = true };
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

    /// <summary>
    /// What must be known to go on elsewhere: when each request ends or ended (then less than zero) from now and whose it is, for how long
    /// nothing may start, and the limits that hold.
    /// </summary>
    internal (IReadOnlyList<(TimeSpan Left, string? Of)> Ends, TimeSpan Blocked, IReadOnlyList<NamedLimits> Named) Left(TimeSpan now)
    {
        Forget(now);
        return (
            [.. _counted.Values.Select(c => (c.End - now, c.Of))],
            _blockedUntil > now ? _blockedUntil - now : TimeSpan.Zero,
            [.. _named.Select(static named => new NamedLimits(named.Key, named.Value.Limits))]);
    }

    /// <summary>Takes up what another left.</summary>
    internal void Resume(TimeSpan now, IEnumerable<(TimeSpan Left, string? Of)> ends, TimeSpan blocked, IEnumerable<NamedLimits> named)
    {
        foreach (var (left, of) in ends)
        {
            _counted.Add(Guid.NewGuid(), new Counted(now + left, HasEnded: true, of));
        }

        foreach (var (campaign, limits) in named)
        {
            _named[campaign] = (limits, now);
        }

        Block(now, blocked);
    }

    private TimeSpan? WaitFor(RateLimit limit, TimeSpan now)
    {
        var counted = _counted.Values.Where(c => c.End + limit.Window > now && (limit.Of is null || c.Of == limit.Of)).ToList();
        if (counted.Count < limit.Requests)
        {
            return null;
        }

        // With a lowered limit several have to go first.
        var ended = counted.Where(c => c.HasEnded).Select(c => c.End + limit.Window - now).Order().Skip(counted.Count - limit.Requests);
        return ended.Select(left => left > s_soon ? left : s_soon).FirstOrDefault(s_soon);
    }

    private void Forget(TimeSpan now)
    {
        foreach (var (campaign, (limits, at)) in _named)
        {
            if (now - at > limits.Max(static limit => limit.Window) + s_keptFor)
            {
                _named.Remove(campaign);
            }
        }

        var longest = Limits.Select(static limit => limit.Window).DefaultIfEmpty(s_keptFor).Max();
        foreach (var (request, counted) in _counted)
        {
            if (counted.End + longest <= now)
            {
                _counted.Remove(request);
            }
        }
    }

    /// <param name="End">When it ended, or has by at the latest.</param>
    /// <param name="HasEnded">Whether it is known to have.</param>
    /// <param name="Of">The organization with limits of its own that it is of; null: none.</param>
    private readonly record struct Counted(TimeSpan End, bool HasEnded, string? Of);
}
