using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Gateway.Organizations;

/// <summary>What one organization has under way in this gateway, and its limits as last known.</summary>
internal sealed class OrganizationShare(Tenant? tenant, EffectiveLimits limits, long now, int largestBody = GatewayOptions.LargestBody)
{
    // So far below zero that no number of requests brings it back.
    private const int RetiredMark = int.MinValue / 2;

    private readonly Lock _applying = new();
    private volatile EffectiveLimits _limits = limits;
    private int _inFlight;
    private int _waiting;
    private long _bodyBytes;
    private long _wholeAt = long.MinValue;
    private long _lastUsed = now;
    private long _refreshAt = now;
    private int _timesSet;

    /// <summary>Stands for requests that are not behind the tenant gate.</summary>
    internal static OrganizationShare Nobody { get; } = new(null, new EffectiveLimits(int.MaxValue, null), 0);

    /// <summary>Of what enters it: a share of the memory for bodies is never less.</summary>
    internal int LargestBody => largestBody;

    /// <summary>Null for a share of many: of those that found no room of their own, or that are not known yet.</summary>
    internal Tenant? Tenant => tenant;

    internal EffectiveLimits Limits => _limits;

    /// <summary>How often limits were set here: what was read before the last time is out of date.</summary>
    internal int TimesSet => Volatile.Read(ref _timesSet);

    /// <summary>Takes over limits that were just set. What was used under others counts as the whole burst at most.</summary>
    /// <param name="limits">From now on.</param>
    /// <param name="now">The clock's timestamp.</param>
    internal void Set(EffectiveLimits limits, long now)
    {
        lock (_applying)
        {
            _timesSet++;
            Apply(limits, now);
        }
    }

    /// <summary>Takes over limits that were read, unless others were set since.</summary>
    /// <param name="limits">From now on.</param>
    /// <param name="timesSet"><see cref="TimesSet"/> before they were read.</param>
    /// <param name="now">The clock's timestamp.</param>
    internal void Refresh(EffectiveLimits limits, int timesSet, long now)
    {
        lock (_applying)
        {
            if (timesSet == _timesSet)
            {
                Apply(limits, now);
            }
        }
    }

    /// <summary>Takes a place, to be given back by <see cref="Leave"/> where it was got.</summary>
    /// <param name="reserve">Places beyond the limit that are open to this request.</param>
    /// <param name="now">The clock's timestamp.</param>
    internal Entry TryEnter(int reserve, long now)
    {
        var inFlight = Interlocked.Increment(ref _inFlight);
        if (inFlight <= 0)
        {
            return Entry.Retired;
        }

        Volatile.Write(ref _lastUsed, now);
        if (inFlight <= (long)_limits.MaxInFlight + reserve)
        {
            return Entry.Entered;
        }

        Leave();
        return Entry.Full;
    }

    internal void Leave() => Interlocked.Decrement(ref _inFlight);

    internal QuotaDecision Take(RequestQuota quota, long now) => quota.Take(ref _wholeAt, now);

    internal bool TryStartWaiting(int limit)
    {
        if (Interlocked.Increment(ref _waiting) <= limit)
        {
            return true;
        }

        StopWaiting();
        return false;
    }

    internal void StopWaiting() => Interlocked.Decrement(ref _waiting);

    internal bool TryTakeBytes(int bytes, long limit)
    {
        if (Interlocked.Add(ref _bodyBytes, bytes) <= limit)
        {
            return true;
        }

        GiveBackBytes(bytes);
        return false;
    }

    internal void GiveBackBytes(int bytes) => Interlocked.Add(ref _bodyBytes, -bytes);

    /// <summary>Whether the caller is the one to refresh the limits now.</summary>
    internal bool TryStartRefresh(long now, long period)
    {
        var due = Volatile.Read(ref _refreshAt);
        return tenant is not null && now >= due && Interlocked.CompareExchange(ref _refreshAt, now + period, due) == due;
    }

    /// <summary>Lets the next request ask again for the refresh that was not begun.</summary>
    internal void PutRefreshOff(long now) => Volatile.Write(ref _refreshAt, now);

    /// <summary>Ends a share that nobody has used since; who finds it all the same must look for another.</summary>
    internal bool TryRetire(long unusedSince, long now)
        => Volatile.Read(ref _lastUsed) < unusedSince
            && Volatile.Read(ref _wholeAt) <= now
            && Volatile.Read(ref _waiting) == 0
            && Interlocked.CompareExchange(ref _inFlight, RetiredMark, 0) == 0;

    private void Apply(EffectiveLimits limits, long now)
    {
        _limits = limits;
        limits.Quota?.TakeOver(ref _wholeAt, now);
    }
}

internal enum Entry
{
    Entered,
    Full,
    Retired,
}
