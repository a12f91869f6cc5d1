using LeadGrain.Embedded.Reminders;

namespace LeadGrain.Tests.Embedded;

public sealed class ReminderScheduleTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly ReminderId Id = new("T", "k", "r");

    private readonly SteppedTime _time = new();
    private readonly ReminderSchedule _schedule;

    public ReminderScheduleTests() => _schedule = new ReminderSchedule(_time);

    [Fact]
    public void Ticks_stay_on_the_grid_of_start_and_period()
    {
        Put(after: 2 * Minute, period: 5 * Minute);
        Assert.Equal([2, 7, 12, 17], TickMinutes(20));
    }

    [Fact]
    public void A_loop_that_was_late_makes_up_for_one_tick_and_returns_to_the_grid()
    {
        Put(after: Minute, period: 5 * Minute);
        _time.Advance(13 * Minute);
        Assert.Equal(1, TakeAndEnd());
        Assert.Equal([3, 8], TickMinutes(8)); // 16 and 21 minutes from the start
    }

    [Fact]
    public void A_tick_that_still_runs_is_not_doubled()
    {
        Put(after: Minute, period: Minute);
        _time.Advance(Minute);
        var running = Assert.Single(_schedule.TakeDue());
        _time.Advance(Minute);
        Assert.Empty(_schedule.TakeDue());
        _schedule.Put(new ReminderRow(Id, _time.GetUtcNow(), Minute));
        Assert.Empty(_schedule.TakeDue());
        _schedule.End(running.Entry);
        _time.Advance(Minute);
        Assert.Single(_schedule.TakeDue());
    }

    [Fact]
    public void Missed_ticks_come_once_each_and_not_all_at_the_same_instant()
    {
        var now = _time.GetUtcNow();
        var rows = Enumerable.Range(0, 1000).Select(n => new ReminderRow(new ReminderId("T", $"{n}", "r"), now - (60 * Minute), 7 * Minute));
        _schedule.Load(rows, sentThrough: now - (30 * Minute));
        Assert.Equal(1, TakeAndEnd());
        _time.Advance(Minute / 2);
        Assert.Equal(999, TakeAndEnd());
        _time.Advance(2 * Minute);
        Assert.Equal(0, TakeAndEnd());
        _time.Advance(Minute / 2);
        Assert.Equal(1000, TakeAndEnd()); // 63 minutes after the start
    }

    [Fact]
    public void What_was_sent_or_is_not_due_yet_is_not_missed()
    {
        var now = _time.GetUtcNow();
        _schedule.Load(
            [
                new ReminderRow(Id, now - (60 * Minute), 45 * Minute),
                new ReminderRow(Id with { Name = "future" }, now + (90 * Minute), Minute),
            ],
            sentThrough: now - (10 * Minute));
        Assert.Equal([30, 75], TickMinutes(89));
    }

    [Fact]
    public void A_wall_clock_set_forward_brings_one_tick_not_one_for_each_period()
    {
        Put(after: Minute, period: 5 * Minute);
        _time.SetWallClockBy(TimeSpan.FromDays(30));
        Assert.Equal(1, TakeAndEnd());
        Assert.Equal(4, TickMinutes(20).Count);
    }

    [Fact]
    public void A_wall_clock_set_back_delays_no_tick_by_more_than_a_period()
    {
        Put(after: Minute, period: 5 * Minute);
        Assert.Equal([1, 6], TickMinutes(7));
        _time.SetWallClockBy(-TimeSpan.FromDays(30));
        var ticks = TickMinutes(24);
        Assert.InRange(ticks.Count, 4, 5);
        Assert.All(ticks.Zip(ticks.Skip(1)), pair => Assert.Equal(5, pair.Second - pair.First));
    }

    [Fact]
    public void A_wall_clock_a_moment_slow_does_not_make_a_tick_come_twice()
    {
        Put(after: Minute, period: 5 * Minute);
        _time.SetWallClockBy(-TimeSpan.FromMilliseconds(5));
        _time.Advance(Minute);
        Assert.Equal(1, TakeAndEnd());
        _time.Advance(Minute);
        Assert.Equal(0, TakeAndEnd());
    }

    [Fact]
    public void A_reminder_set_over_and_over_still_ticks_once()
    {
        for (var n = 0; n < 1000; n++)
        {
            Put(after: TimeSpan.FromDays(60) + (n * Minute), period: Minute);
        }

        Put(after: Minute, period: 5 * Minute);
        Assert.Equal([1, 6], TickMinutes(10));
        _schedule.Remove(Id);
        Assert.Empty(TickMinutes(10));
    }

    private void Put(TimeSpan after, TimeSpan period) => _schedule.Put(new ReminderRow(Id, _time.GetUtcNow() + after, period));

    private int TakeAndEnd()
    {
        var due = _schedule.TakeDue();
        due.ForEach(tick => _schedule.End(tick.Entry));
        return due.Count;
    }

    private List<int> TickMinutes(int minutes)
    {
        var ticks = new List<int>();
        for (var minute = 1; minute <= minutes; minute++)
        {
            _time.Advance(Minute);
            ticks.AddRange(Enumerable.Repeat(minute, TakeAndEnd()));
        }

        return ticks;
    }

    /// <summary>A clock whose wall clock can be set while its timers run on.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private readonly FakeTime _inner = new();
        private TimeSpan _step;

        public override long TimestampFrequency => _inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => _inner.GetUtcNow() + _step;

        public override long GetTimestamp() => _inner.GetTimestamp();

        public void Advance(TimeSpan by) => _inner.Advance(by);

        public void SetWallClockBy(TimeSpan step) => _step += step;
    }
}
