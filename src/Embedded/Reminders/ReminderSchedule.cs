namespace LeadGrain.Embedded.Reminders;

/// <summary>
/// When each reminder of one term of ownership ticks next. The wall clock says at which instants a reminder is due; the
/// wait for each is measured by the monotonic clock. So a wall clock that is set back makes no tick late by more than a
/// period, and one that is set forward skips ticks, for which one is made up.
/// </summary>
internal sealed class ReminderSchedule(TimeProvider time)
{
    // At least so often it looks whether the wall clock was set forward, as after a machine's sleep.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    // Less is no step of a clock, but the two clocks' drift.
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    // Ticks that were missed come at this pace, lest a new owner starts with all of its grains at once.
    private static readonly TimeSpan s_missedPace = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<ReminderId, Entry> _entries = [];
    private readonly PriorityQueue<Entry, TimeSpan> _queue = new();
    private readonly long _start = time.GetTimestamp();
    private DateTimeOffset _zero = time.GetUtcNow(); // the wall clock at _start, as it would be set now
    private TaskCompletionSource _changed = NewSignal();

    private TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Adds what is stored.</summary>
    /// <param name="rows">The reminders.</param>
    /// <param name="sentThrough">Ticks due later than this and before now were missed: each such reminder ticks once, soon.</param>
    internal void Load(IEnumerable<ReminderRow> rows, DateTimeOffset sentThrough)
    {
        lock (_lock)
        {
            var (wall, now, missed) = (time.GetUtcNow(), Elapsed, 0);
            foreach (var row in rows)
            {
                var entry = _entries[row.Id] = new Entry(row);
                if (row.DueUntil(wall) is { } last && last > sentThrough)
                {
                    Enqueue(entry, last, now + missed++ * s_missedPace);
                }
                else
                {
                    Enqueue(entry, row.DueAfter(wall), now + (row.DueAfter(wall) - wall));
                }
            }
        }
    }

    internal void Put(ReminderRow row)
    {
        lock (_lock)
        {
            // The entry stays, for it knows whether a tick runs.
            var entry = _entries.TryGetValue(row.Id, out var known) ? known : _entries[row.Id] = new Entry(row);
            entry.Row = row;
            Enqueue(entry, row.StartAt, Elapsed + (row.StartAt - time.GetUtcNow()));
            _changed.TrySetResult();
        }
    }

    internal void Remove(ReminderId id)
    {
        lock (_lock)
        {
            if (_entries.Remove(id, out var entry))
            {
                entry.WaitsUntil = null;
            }
        }
    }

    /// <summary>Takes the ticks that are due now, leaving out reminders whose last tick still runs.</summary>
    internal List<DueTick> TakeDue()
    {
        var due = new List<DueTick>();
        lock (_lock)
        {
            var (wall, now) = (time.GetUtcNow(), Elapsed);
            FollowClock(wall, now);
            while (_queue.TryPeek(out var entry, out var at) && at <= now)
            {
                _queue.Dequeue();
                if (entry.WaitsUntil != at)
                {
                    continue; // set anew or ended since
                }

                if (!entry.IsRunning)
                {
                    entry.IsRunning = true;
                    due.Add(new DueTick(entry, new TickStatus(entry.Row.StartAt.UtcDateTime, entry.Row.Period, wall.UtcDateTime)));
                }

                EnqueueNext(entry, wall, now);
            }
        }

        return due;
    }

    /// <summary>A tick has ended.</summary>
    internal void End(Entry entry)
    {
        lock (_lock)
        {
            entry.IsRunning = false;
        }
    }

    /// <summary>Waits until a tick may be due.</summary>
    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        Task changed;
        TimeSpan wait;
        lock (_lock)
        {
            _changed = _changed.Task.IsCompleted ? NewSignal() : _changed;
            changed = _changed.Task;
            wait = _queue.TryPeek(out _, out var at) && at - Elapsed < s_longestWait ? at - Elapsed : s_longestWait;
        }

        if (wait > TimeSpan.Zero)
        {
            var timer = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
            await changed.WaitAsync(timer, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Enqueue(Entry entry, DateTimeOffset due, TimeSpan at)
    {
        (entry.Due, entry.WaitsUntil) = (due, at);
        _queue.Enqueue(entry, at);
        if (_queue.Count > 64 + 2 * _entries.Count)
        {
            // Mostly places left behind by reminders that were set anew.
            _queue.Clear();
            _queue.EnqueueRange(_entries.Values.Where(e => e.WaitsUntil is not null).Select(e => (e, e.WaitsUntil!.Value)));
        }
    }

    private void EnqueueNext(Entry entry, DateTimeOffset wall, TimeSpan now)
    {
        // After the instant that has just come, too: a wall clock a moment slow must not make it come twice.
        var next = entry.Row.DueAfter(wall > entry.Due ? wall : entry.Due);
        var wait = next - wall;
        Enqueue(entry, next, now + (wait > 2 * entry.Row.Period ? entry.Row.Period : wait));
    }

    private void FollowClock(DateTimeOffset wall, TimeSpan now)
    {
        var step = wall - now - _zero;
        if (step.Duration() <= s_step)
        {
            return;
        }

        _zero = wall - now;
        if (step < TimeSpan.Zero)
        {
            return;
        }

        foreach (var entry in _entries.Values.Where(entry => now + (entry.Due - wall) < entry.WaitsUntil))
        {
            Enqueue(entry, entry.Due, now + (entry.Due - wall));
        }
    }

    /// <summary>A reminder and where it stands.</summary>
    internal sealed class Entry(ReminderRow row)
    {
        internal ReminderRow Row { get; set; } = row;

        /// <summary>The next instant at which it is due, by the wall clock.</summary>
        internal DateTimeOffset Due { get; set; }

        /// <summary>The place in the queue that counts; those that were left behind do not.</summary>
        internal TimeSpan? WaitsUntil { get; set; }

        internal bool IsRunning { get; set; }
    }

    /// <summary>A tick to be sent.</summary>
    internal readonly record struct DueTick(Entry Entry, TickStatus Status);
}
