using System.Collections.Concurrent;
using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Runtime;

namespace LeadGrain.Tests.Embedded;

public sealed class ActivationTests : IAsyncDisposable
{
    private readonly CellHost _host = new();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task The_first_call_activates_and_the_next_finds_it_active()
    {
        var cell = _host.Cell();
        Assert.Empty(_host.Log.Lines);
        Assert.Equal(1, await cell.Add());
        Assert.Equal(2, await _host.Cell().Add());
        Assert.Equal(["activate a"], _host.Log.Lines);
    }

    [Fact]
    public async Task Ten_thousand_grains_are_activated_once_each_whoever_calls_first()
    {
        var calls = Enumerable.Range(0, 40_000).Select(n => Task.Run(() => _host.Cell($"{n % 10_000}").Add()));
        var counts = await Task.WhenAll(calls).WaitAsync(CellHost.Deadline);
        Assert.Equal(10_000, counts.Count(count => count == 4));
        Assert.Equal(10_000, _host.Log.Lines.Count);
        Assert.Equal(10_000, _host.Catalog.Count);
    }

    [Fact]
    public async Task A_failed_activation_fails_its_callers_and_the_next_call_activates_anew()
    {
        var gate = new Gate();
        _host.Log.OnActivate = async _ =>
        {
            await gate.PassAsync();
            throw new InvalidDataException("cannot");
        };
        Task[] calls = [_host.Cell().Add(), _host.Cell().Run(_ => Task.CompletedTask)];
        await gate.Reached;
        gate.Open();
        foreach (var call in calls)
        {
            await Assert.ThrowsAsync<InvalidDataException>(() => call.WaitAsync(CellHost.Deadline));
        }

        _host.Log.OnActivate = _ => Task.CompletedTask;
        Assert.Equal(1, await _host.Cell().Add().WaitAsync(CellHost.Deadline));
        Assert.Equal(1, _host.Catalog.Count);
    }

    [Fact]
    public async Task An_idle_activation_is_put_away_and_one_in_use_is_not()
    {
        var (gate, goodbye) = (new Gate(), new Gate());
        goodbye.Open();
        _host.Log.OnDeactivate = _ => goodbye.PassAsync();
        await _host.Cell("idle").Add();
        var busy = _host.Cell("busy").Run(_ => gate.PassAsync());
        await gate.Reached;
        _host.Time.Advance(TimeSpan.FromMinutes(7));
        await _host.Cell("used").Add();
        _host.Time.Advance(TimeSpan.FromMinutes(2));
        await goodbye.Reached;
        gate.Open();
        await busy.WaitAsync(CellHost.Deadline);
        Assert.Equal(2, await _host.Cell("used").Add());

        // A long call counts as use until it ends.
        _host.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(["deactivate idle ActivationIdle"], _host.Log.Lines.Where(line => line.StartsWith("deac", StringComparison.Ordinal)));
        Assert.Equal(1, await _host.Cell("idle").Add());
    }

    [Fact]
    public async Task A_disposable_grain_is_disposed_of_once_however_it_ends()
    {
        var gate = new Gate();
        using var disposed = new SemaphoreSlim(0);
        _host.Log.OnDispose = _ => disposed.Release();
        await _host.Cell("ended").Run(cell =>
        {
            cell.End();
            return Task.CompletedTask;
        });
        _host.Log.OnActivate = cell => cell.Key == "failed" ? throw new InvalidDataException("cannot") : gate.PassAsync();
        await Assert.ThrowsAsync<InvalidDataException>(() => _host.Cell("failed").Add());
        var activating = _host.Cell("activating").Add();
        await gate.Reached;
        var over = _host.Catalog.CutOff();
        gate.Open();
        await over.WaitAsync(CellHost.Deadline);

        await Assert.ThrowsAsync<NotOwnerException>(() => activating);
        for (var n = 0; n < 3; n++)
        {
            Assert.True(await disposed.WaitAsync(CellHost.Deadline));
        }

        Assert.Equal(["activating", "ended", "failed"], _host.Log.Disposed.Order());
    }

    [Fact]
    public async Task A_grain_that_is_cut_off_can_end_the_calls_that_wait_for_it()
    {
        var gate = new Gate();
        _host.Log.OnDispose = _ => gate.Open();
        var call = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;

        await _host.Catalog.CutOff().WaitAsync(CellHost.Deadline);

        await call;
        Assert.Equal(["a"], _host.Log.Disposed);
    }

    [Fact]
    public async Task Calls_that_wait_when_a_grain_ends_reach_the_next_activation()
    {
        var gate = new Gate();
        var first = _host.Cell().Run(async cell =>
        {
            cell.Count = 100;
            await gate.PassAsync();
            cell.End();
        });
        await gate.Reached;
        var queued = Enumerable.Range(0, 10).Select(_ => _host.Cell().Add()).ToArray();
        gate.Open();
        await first.WaitAsync(CellHost.Deadline);
        var counts = await Task.WhenAll(queued).WaitAsync(CellHost.Deadline);
        Assert.Equal(Enumerable.Range(1, 10), counts);
        Assert.Equal(["activate a", "deactivate a ApplicationRequested", "activate a"], _host.Log.Lines);
    }

    [Fact]
    public async Task A_grain_that_ends_itself_while_activating_serves_the_call_that_made_it()
    {
        _host.Log.OnActivate = cell =>
        {
            cell.End();
            return Task.CompletedTask;
        };
        Assert.Equal(1, await _host.Cell().Add().WaitAsync(CellHost.Deadline));
        Assert.Equal(1, await _host.Cell().Add().WaitAsync(CellHost.Deadline));
    }

    [Fact]
    public async Task A_grain_that_fails_to_say_goodbye_is_gone_all_the_same()
    {
        _host.Log.OnDeactivate = _ => throw new InvalidDataException("cannot");
        await _host.Cell().Run(cell =>
        {
            cell.End();
            return cell.Grains.GetGrain<ICell>("b").Add();
        }).WaitAsync(CellHost.Deadline);
        Assert.Equal(1, await _host.Cell().Add().WaitAsync(CellHost.Deadline));
    }

    [Fact]
    public async Task Ending_over_and_over_under_load_loses_no_call_and_never_runs_two_activations_of_a_grain()
    {
        var alive = 0;
        _host.Log.OnActivate = _ =>
        {
            Assert.Equal(1, Interlocked.Increment(ref alive));
            return Task.CompletedTask;
        };
        _host.Log.OnDeactivate = async _ =>
        {
            await Task.Yield();
            Interlocked.Decrement(ref alive);
        };
        var callers = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var n = 0; n < 300; n++)
            {
                await _host.Cell().Add();
                await _host.Cell().RunInterleaved(cell =>
                {
                    cell.End();
                    return Task.CompletedTask;
                });
            }
        }));
        await Task.WhenAll(callers).WaitAsync(CellHost.Deadline);
    }

    [Fact]
    public async Task Cut_off_refuses_what_waits_and_says_that_nothing_was_done()
    {
        var gate = new Gate();
        var running = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        var waiting = _host.Cell().Add();
        var quiet = _host.Catalog.CutOff();
        var refused = await Assert.ThrowsAsync<NotOwnerException>(() => waiting.WaitAsync(CellHost.Deadline));
        Assert.True(refused.NothingWasDone);
        Assert.True((await Assert.ThrowsAsync<NotOwnerException>(() => _host.Cell("b").Add())).NothingWasDone);
        Assert.False(quiet.IsCompleted);
        gate.Open();
        await running.WaitAsync(CellHost.Deadline);
        await quiet.WaitAsync(CellHost.Deadline);
        _host.Catalog.Open();
        Assert.Equal(1, await _host.Cell().Add());
    }

    [Fact]
    public async Task A_call_whose_own_call_was_refused_does_not_say_that_nothing_was_done()
    {
        var gate = new Gate();
        var running = _host.Cell().Run(async cell =>
        {
            await gate.PassAsync();
            await cell.Grains.GetGrain<ICell>("b").Add();
        });
        await gate.Reached;
        _ = _host.Catalog.CutOff();
        gate.Open();
        Assert.False((await Assert.ThrowsAsync<NotOwnerException>(() => running.WaitAsync(CellHost.Deadline))).NothingWasDone);
    }

    [Fact]
    public async Task A_caller_that_tries_again_at_once_does_not_hold_up_the_cut_off()
    {
        var gate = new Gate();
        var running = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        using var stop = new CancellationTokenSource();
        var stubborn = TryForEverAsync(_host.Cell().Add());
        await Task.Run(() => { _ = _host.Catalog.CutOff(); }).WaitAsync(CellHost.Deadline);
        await stop.CancelAsync();
        gate.Open();
        await running.WaitAsync(CellHost.Deadline);
        await stubborn.WaitAsync(CellHost.Deadline);

        async Task TryForEverAsync(Task call)
        {
            while (!stop.IsCancellationRequested)
            {
                await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                call = _host.Cell().Add();
            }
        }
    }

    [Fact]
    public async Task Under_cut_offs_every_call_ends_and_every_activation_falls_quiet()
    {
        using var stop = new CancellationTokenSource();
        var made = new ConcurrentQueue<Activation>();
        _host.Log.OnActivate = _ =>
        {
            made.Enqueue((Activation)SynchronizationContext.Current!);
            return Task.CompletedTask;
        };
        var callers = Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                Task call = _host.Cell($"{(n + i) % 50}").Add();
                await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        })).ToArray();
        for (var n = 0; n < 3000; n++)
        {
            await _host.Catalog.CutOff().WaitAsync(CellHost.Deadline);
            _host.Catalog.Open();
            await Task.Yield();
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers).WaitAsync(CellHost.Deadline);
        await _host.Catalog.CutOff().WaitAsync(CellHost.Deadline);
        await Task.WhenAll(made.Select(activation => activation.Quiet)).WaitAsync(CellHost.Deadline);
    }

    [Fact]
    public async Task Closing_says_goodbye_to_all_also_to_those_that_activate()
    {
        var gate = new Gate();
        await _host.Cell("a").Add();
        _host.Log.OnActivate = _ => gate.PassAsync();
        var late = _host.Cell("b").Add();
        await gate.Reached;
        var closed = _host.Catalog.CloseAsync();
        Assert.False(closed.IsCompleted);
        gate.Open();
        await closed.WaitAsync(CellHost.Deadline);
        Assert.Equal(1, await late.WaitAsync(CellHost.Deadline));
        Assert.Equal(
            ["deactivate a ShuttingDown", "deactivate b ShuttingDown"],
            _host.Log.Lines.Where(line => line.StartsWith("deac", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        await Assert.ThrowsAsync<NotOwnerException>(() => _host.Cell("a").Add());
    }
}
