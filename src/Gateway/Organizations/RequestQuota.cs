using System.Globalization;

namespace LeadGrain.Gateway.Organizations;

/// <summary>
/// A rate with a burst, as the generic cell rate algorithm has it: a request moves the time at which the quota is whole
/// again by one interval, and is refused where that would be more than the whole burst away. One number is all its state.
/// </summary>
internal sealed class RequestQuota
{
    private readonly long _frequency;
    private readonly long _interval;
    private readonly long _depth;

    /// <param name="perSecond">Requests a second in the long run.</param>
    /// <param name="burst">Requests at once after a pause.</param>
    /// <param name="frequency">The clock's timestamps a second.</param>
    internal RequestQuota(int perSecond, int burst, long frequency)
    {
        (PerSecond, Burst, _frequency) = (perSecond, burst, frequency);
        _interval = Math.Max(1, frequency / perSecond);
        _depth = _interval * burst;
        LimitText = burst.ToString(CultureInfo.InvariantCulture);
        PolicyText = string.Create(CultureInfo.InvariantCulture, $"{burst};w={Seconds(_depth)}");
    }

    internal int PerSecond { get; }

    internal int Burst { get; }

    /// <summary>For RateLimit-Limit.</summary>
    internal string LimitText { get; }

    /// <summary>For RateLimit-Policy: the burst, and the seconds in which it comes back.</summary>
    internal string PolicyText { get; }

    /// <summary>Decides on a request and, where it may pass, counts it.</summary>
    /// <param name="wholeAt">When the quota is whole again; shared between threads.</param>
    /// <param name="now">The clock's timestamp.</param>
    internal QuotaDecision Take(ref long wholeAt, long now)
    {
        while (true)
        {
            var known = Volatile.Read(ref wholeAt);
            var next = Math.Max(known, now) + _interval;
            if (next - now > _depth)
            {
                return new QuotaDecision(false, 0, Seconds(known - now), TimeSpan.FromSeconds((double)(next - now - _depth) / _frequency));
            }

            if (Interlocked.CompareExchange(ref wholeAt, next, known) == known)
            {
                return new QuotaDecision(true, (int)((_depth - (next - now)) / _interval), Seconds(next - now), TimeSpan.Zero);
            }
        }
    }

    /// <summary>Goes on from another quota's state, in which more may be used up than this one's burst: then all of it is.</summary>
    internal void TakeOver(ref long wholeAt, long now)
    {
        long known;
        do
        {
            known = Volatile.Read(ref wholeAt);
        }
        while (known > now + _depth && Interlocked.CompareExchange(ref wholeAt, now + _depth, known) != known);
    }

    private long Seconds(long timestamps) => (timestamps + _frequency - 1) / _frequency;
}

/// <summary>What became of a request at the quota.</summary>
/// <param name="Allowed">Whether it may pass.</param>
/// <param name="Remaining">Requests that may still pass at once.</param>
/// <param name="ResetSeconds">Until the quota is whole again, if nothing more comes.</param>
/// <param name="RetryAfter">When a refused one may pass.</param>
internal readonly record struct QuotaDecision(bool Allowed, int Remaining, long ResetSeconds, TimeSpan RetryAfter);
