using System.Threading.Channels;

namespace LeadGrain.Tests.Embedded;

public sealed class TimerTests : IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly CellHost _host = new();
    private readonly Channel<int> _ticks = Channel.CreateUnbounded<int>();
    private int _count;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Ticks_come_when_due_then_after_every_period_in_turns_of_the_grain()
    {
        object? turn = null;
        await _host.Cell().Run(cell =>
        {
            turn = SynchronizationContext.Current;
            cell.StartTimer(TickAsync, new GrainTimerCreationOptions(2 * Second, Second));
            return Task.CompletedTask;
        });
        _host.Time.Advance(Second);
        Assert.Equal(0, _count);
        _host.Time.Advance(Second);
        await NextTickAsync(1);
        await SettleAsync();
        _host.Time.Advance(Second);
        await NextTickAsync(2);

        Task TickAsync(CancellationToken cancellationToken)
        {
            Assert.Same(turn, SynchronizationContext.Current);
            _ticks.Writer.TryWrite(++_count);
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tick_never_overlaps_itself_even_when_new_times_are_set_while_it_runs(bool interleave)
    {
        var gate = new Gate();
        var running = 0;
        IGrainTimer timer = null!;
        await _host.Cell().Run(cell =>
        {
            timer = cell.StartTimer(TickAsync, new GrainTimerCreationOptions(Second, Second) { Interleave = interleave });
            return Task.CompletedTask;
        });
        _host.Time.Advance(Second);
        await gate.Reached;
        timer.Change(Second, Timeout.InfiniteTimeSpan);
        _host.Time.Advance(10 * Second);
        await _host.Cell("b").Add();
        Assert.Equal(0, _count);
        gate.Open();
        await NextTickAsync(1);
        await OverdueTickAsync(2);

        async Task TickAsync(CancellationToken cancellationToken)
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            await gate.PassAsync();
            Interlocked.Decrement(ref running);
            _ticks.Writer.TryWrite(++_count);
        }
    }

    [Fact]
    public async Task New_times_that_are_set_while_a_tick_runs_are_kept()
    {
        var gate = new Gate();
        IGrainTimer timer = null!;
        await _host.Cell().Run(cell =>
        {
            timer = cell.StartTimer(TickAsync, new GrainTimerCreationOptions(Second, Timeout.InfiniteTimeSpan) { Interleave = true });
            return Task.CompletedTask;
        });
        _host.Time.Advance(Second);
        await gate.Reached;
        timer.Change(5 * Second, Timeout.InfiniteTimeSpan);
        gate.Open();
        await NextTickAsync(1);
        _host.Time.Advance(5 * Second);
        await OverdueTickAsync(2);

        async Task TickAsync(CancellationToken cancellationToken)
        {
            await gate.PassAsync();
            _ticks.Writer.TryWrite(++_count);
        }
    }

    [Fact]
    public async Task A_tick_that_fails_is_followed_by_the_next()
    {
        await _host.Cell().Run(cell =>
        {
            cell.StartTimer(
                _ =>
                {
                    _ticks.Writer.TryWrite(++_count);
                    throw new InvalidDataException("cannot");
                },
                new GrainTimerCreationOptions(Second, Second));
            return Task.CompletedTask;
        });
        _host.Time.Advance(Second);
        await NextTickAsync(1);
        await SettleAsync();
        _host.Time.Advance(Second);
        await NextTickAsync(2);
    }

    [Fact]
    public async Task A_tick_that_waits_when_its_grain_ends_is_dropped_and_makes_no_new_activation()
    {
        var (gate, goodbye) = (new Gate(), new Gate());
        goodbye.Open();
        _host.Log.OnDeactivate = _ => goodbye.PassAsync();
        var call = _host.Cell().Run(async cell =>
        {
            cell.StartTimer(_ => Task.FromResult(++_count), new GrainTimerCreationOptions(Second, Second));
            await gate.PassAsync();
            cell.End();
        });
        await gate.Reached;
        _host.Time.Advance(Second);
        gate.Open();
        await call.WaitAsync(CellHost.Deadline);
        await goodbye.Reached;
        _host.Time.Advance(10 * Second);
        Assert.Equal(1, await _host.Cell().Add().WaitAsync(CellHost.Deadline));
        Assert.Equal(0, _count);
        Assert.Equal(2, _host.Log.Lines.Count(line => line == "activate a"));
    }

    [Fact]
    public async Task A_disposed_timer_does_not_tick_even_if_its_tick_waits()
    {
        var gate = new Gate();
        var call = _host.Cell().Run(async cell =>
        {
            var timer = cell.StartTimer(_ => Task.FromResult(++_count), new GrainTimerCreationOptions(Second, Second));
            await gate.PassAsync();
            timer.Dispose();
            timer.Change(Second, Second);
        });
        await gate.Reached;
        _host.Time.Advance(Second);
        gate.Open();
        await call.WaitAsync(CellHost.Deadline);
        _host.Time.Advance(10 * Second);
        await SettleAsync();
        Assert.Equal(0, _count);
    }

    [Fact]
    public async Task Ticks_keep_a_grain_alive_only_where_they_are_asked_to()
    {
        var goodbye = new Gate();
        goodbye.Open();
        _host.Log.OnDeactivate = _ => goodbye.PassAsync();
        foreach (var keepAlive in (bool[])[false, true])
        {
            await _host.Cell($"{keepAlive}").Run(cell =>
            {
                cell.StartTimer(
                    _ => Task.FromResult(_ticks.Writer.TryWrite(0)),
                    new GrainTimerCreationOptions(TimeSpan.FromMinutes(7), Timeout.InfiniteTimeSpan) { KeepAlive = keepAlive });
                return Task.CompletedTask;
            });
        }

        _host.Time.Advance(TimeSpan.FromMinutes(7));
        await NextTickAsync(0);
        await NextTickAsync(0);

        // One collection would do if the tick's turn were sure to have ended before it.
        for (var n = 0; n < 3; n++)
        {
            _host.Time.Advance(TimeSpan.FromMinutes(2));
            await _host.Cell("other").Add();
        }

        await goodbye.Reached;
        Assert.Equal(1, await _host.Cell($"{false}").Add().WaitAsync(CellHost.Deadline));
        Assert.Equal(["deactivate False ActivationIdle"], _host.Log.Lines.Where(line => line.StartsWith("deac", StringComparison.Ordinal)));
    }

    private async Task NextTickAsync(int expected)
        => Assert.Equal(expected, await _ticks.Reader.ReadAsync().AsTask().WaitAsync(CellHost.Deadline));

    // A call that waits for a tick that does not interleave: what the tick's end does, it has done.
    private async Task SettleAsync() => await _host.Cell().Add().WaitAsync(CellHost.Deadline);

    private async Task OverdueTickAsync(int expected)
    {
        await Eventually.Async("the timer ticks", async () =>
        {
            _host.Time.Advance(TimeSpan.Zero);
            await _host.Cell("b").Add();
            return _ticks.Reader.TryPeek(out _);
        });
        await NextTickAsync(expected);
    }
}
