using System.Collections.Concurrent;
using System.Diagnostics;

namespace LeadGrain.CrashTests.Keys;

/// <summary>What clients with Idempotency-Keys did in one namespace and were answered, kept where no crash reaches it.</summary>
internal sealed class KeyedLedger
{
    private readonly ConcurrentQueue<HandOut> _handOuts = new();
    private readonly ConcurrentQueue<string> _emails = new();
    private readonly ConcurrentQueue<Answer> _refused = new();
    private long _buffered;
    private long _settled;
    private long _replayed;
    private long _slowest;
    private volatile Watch? _watch;

    /// <summary>Leads that clients have for good, so far.</summary>
    internal long Settled => Interlocked.Read(ref _settled);

    /// <summary>Leads that acknowledged pushes buffered, so far.</summary>
    internal long Buffered => Interlocked.Read(ref _buffered);

    /// <summary>Answers other than 200, broken connections included.</summary>
    internal IReadOnlyCollection<Answer> Refused => _refused;

    /// <summary>Answers that a repeat got of what had been done before.</summary>
    internal long Replayed => Interlocked.Read(ref _replayed);

    /// <summary>The longest that any request took, but for those that a client gave up.</summary>
    internal TimeSpan Slowest => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _slowest));

    /// <summary>Every request's answer, repeats included.</summary>
    internal void Note(Answer answer, long sent)
    {
        var got = Stopwatch.GetTimestamp();
        if (answer.Status is not null)
        {
            InterlockedMax(ref _slowest, got - sent);
        }

        if (answer.Status == 200)
        {
            _watch?.Note(sent, got);
            Interlocked.Add(ref _replayed, answer.Replayed ? 1 : 0);
        }
        else
        {
            _refused.Enqueue(answer);
        }
    }

    internal void Pushed(IEnumerable<string> emails, int buffered)
    {
        foreach (var email in emails)
        {
            _emails.Enqueue(email);
        }

        Interlocked.Add(ref _buffered, buffered);
    }

    /// <summary>A lead was answered: for good, or on lease.</summary>
    internal HandOut HandedOut(string email, Guid? lease, long asked, TimeSpan? length)
    {
        var got = Stopwatch.GetTimestamp();
        var handOut = new HandOut(email, lease, asked, got) { SafeUntil = length is { } l ? asked + Ticks(l) : long.MaxValue };
        _handOuts.Enqueue(handOut);
        if (lease is null)
        {
            Settle(handOut);
        }

        return handOut;
    }

    /// <summary>A client has this lead for good.</summary>
    internal void Settle(HandOut handOut)
    {
        handOut.IsSettled = true;
        handOut.SafeUntil = long.MaxValue;
        Interlocked.Increment(ref _settled);
    }

    internal static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Completes with the first good answer that came at or after one moment to a request that was sent at or after another.</summary>
    internal Task<TimeSpan> GoodAnswerAsync(long sentFrom, long gotFrom)
    {
        var watch = new Watch(sentFrom, gotFrom);
        _watch = watch;
        return watch.Task.WaitAsync(Eventually.Patience);
    }

    /// <summary>Each lead that was pushed came to exactly one client for good, under one key, and none while another client had it on lease.</summary>
    internal void AssertEachOnce()
    {
        AssertNoneTwice();
        Assert.Equal(_emails.Distinct().Order(), _handOuts.Where(handOut => handOut.IsSettled).Select(handOut => handOut.Email).Order());
    }

    /// <summary>No lead came to two clients for good, under whatever keys, and none while another client had it on lease.</summary>
    internal void AssertNoneTwice()
    {
        var settled = _handOuts.Where(handOut => handOut.IsSettled).GroupBy(handOut => handOut.Email);
        Assert.Empty(settled.Where(same => same.Count() > 1).SelectMany(same => same));
        Assert.Empty(_handOuts.GroupBy(handOut => handOut.Email).SelectMany(Overlaps));
    }

    /// <summary>What is known to have been handed out while the lead was in other hands.</summary>
    private static IEnumerable<string> Overlaps(IEnumerable<HandOut> ofOneLead)
    {
        var all = ofOneLead.ToList();
        return
            from held in all
            from other in all
            where other != held && other.Asked > held.Got && other.Got < held.SafeUntil
            select $"{held.Email}: asked for {Stopwatch.GetElapsedTime(held.Got, other.Asked)} after it was handed out "
                + $"({held.Lease}, then {other.Lease}), and still {Stopwatch.GetElapsedTime(other.Got, held.SafeUntil)} held";
    }

    private static void InterlockedMax(ref long place, long value)
    {
        long seen;
        while ((seen = Interlocked.Read(ref place)) < value && Interlocked.CompareExchange(ref place, value, seen) != seen)
        {
        }
    }

    private sealed class Watch(long sentFrom, long gotFrom)
    {
        private readonly TaskCompletionSource<TimeSpan> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<TimeSpan> Task => _seen.Task;

        internal void Note(long sent, long got)
        {
            if (sent >= sentFrom && got >= gotFrom)
            {
                _seen.TrySetResult(Stopwatch.GetElapsedTime(gotFrom, got));
            }
        }
    }
}

/// <summary>A lead that a client was answered.</summary>
/// <param name="Email">Whose.</param>
/// <param name="Lease">Null where it was served for good.</param>
/// <param name="Asked">When it was first asked for under its key: it was not handed out before.</param>
/// <param name="Got">When the answer came: it was handed out by then.</param>
internal sealed record HandOut(string Email, Guid? Lease, long Asked, long Got)
{
    /// <summary>Until when nobody else may have it, at the least.</summary>
    internal long SafeUntil { get; set; }

    /// <summary>Whether it was served for good or its lease acknowledged.</summary>
    internal bool IsSettled { get; set; }
}
