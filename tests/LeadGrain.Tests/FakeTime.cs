using System.Diagnostics;

namespace LeadGrain.Tests;

/// <summary>A clock that stands still until it is advanced. Timers fire, in order, on the thread that advances it.</summary>
internal sealed class FakeTime : TimeProvider
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly List<FakeTimer> _timers = [];
    private readonly List<(Func<object?, TimeSpan, bool> IsIt, TaskCompletionSource Came)> _awaited = [];
    private DateTimeOffset _now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private TimeSpan _stepped;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now + _stepped;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _now.UtcTicks;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes once a timer is set from now on that is the one, by its state and when it is due.</summary>
    public Task SetAsync(Func<object?, TimeSpan, bool> isIt)
    {
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _awaited.Add((isIt, came));
        }

        return came.Task.WaitAsync(Eventually.Patience);
    }

    /// <summary>Sets the wall clock forward or back, as an operator or a time server does. No time passes: timers and timestamps stay.</summary>
    public void Step(TimeSpan by)
    {
        lock (_lock)
        {
            _stepped += by;
        }
    }

    /// <summary>Moves the clock on, stopping at each timer that falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        var target = new DateTimeOffset(GetTimestamp(), TimeSpan.Zero) + by;
        while (TakeDue(target) is { } due)
        {
            due.Fire();
        }
    }

    /// <summary>Lets the clock run as real time does, beside being advanced, until disposed.</summary>
    public IDisposable Run()
    {
        var last = Stopwatch.GetTimestamp();
        return new Timer(
            _ =>
            {
                var now = Stopwatch.GetTimestamp();
                Advance(Stopwatch.GetElapsedTime(Interlocked.Exchange(ref last, now), now));
            },
            null,
            s_tick,
            s_tick);
    }

    private FakeTimer? TakeDue(DateTimeOffset target)
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.DueAt <= target).MinBy(timer => timer.DueAt);
            if (next is null)
            {
                _now = target > _now ? target : _now;
                return null;
            }

            _now = next.DueAt > _now ? next.DueAt : _now;
            if (next.Period > TimeSpan.Zero)
            {
                next.DueAt += next.Period;
            }
            else
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class FakeTimer(FakeTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset DueAt { get; set; }

        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    DueAt = time._now + dueTime;
                    time._timers.Add(this);
                    time._awaited.RemoveAll(awaited => awaited.IsIt(state, dueTime) && awaited.Came.TrySetResult());
                }

                return true;
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
