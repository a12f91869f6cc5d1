namespace LeadGrain.Tests.Embedded;

public sealed class TurnTests : IAsyncDisposable
{
    private readonly CellHost _host = new();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Calls_of_64_callers_run_one_at_a_time()
    {
        var callers = Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            for (var n = 0; n < 200; n++)
            {
                await _host.Cell().Add();
            }
        }));
        await Task.WhenAll(callers).WaitAsync(CellHost.Deadline);
        Assert.Equal((64 * 200) + 1, await _host.Cell().Add());
    }

    [Fact]
    public async Task Interleaved_calls_never_run_at_the_same_instant()
    {
        var callers = Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            for (var n = 0; n < 100; n++)
            {
                await _host.Cell().RunInterleaved(async cell =>
                {
                    cell.Count++;
                    await Task.Yield();
                    cell.Count++;
                });
            }
        }));
        await Task.WhenAll(callers).WaitAsync(CellHost.Deadline);
        await _host.Cell().Run(cell =>
        {
            Assert.Equal(64 * 100 * 2, cell.Count);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_call_waits_for_the_call_that_runs()
    {
        var gate = new Gate();
        var first = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        var second = _host.Cell().Add();
        await _host.Cell("b").Add();
        Assert.False(second.IsCompleted);
        gate.Open();
        await first.WaitAsync(CellHost.Deadline);
        Assert.Equal(1, await second.WaitAsync(CellHost.Deadline));
    }

    [Fact]
    public async Task An_interleaving_call_runs_while_another_awaits()
    {
        var gate = new Gate();
        var first = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        await _host.Cell().RunInterleaved(_ => Task.CompletedTask).WaitAsync(CellHost.Deadline);
        Assert.False(first.IsCompleted);
        gate.Open();
        await first.WaitAsync(CellHost.Deadline);
    }

    [Fact]
    public async Task An_interleaving_call_that_came_while_activating_passes_those_that_wait()
    {
        var (activation, first) = (new Gate(), new Gate());
        _host.Log.OnActivate = _ => activation.PassAsync();
        Task[] calls = [_host.Cell().Run(_ => first.PassAsync()), _host.Cell().Add()];
        var interleaved = _host.Cell().RunInterleaved(_ => Task.CompletedTask);
        await activation.Reached;
        activation.Open();
        await first.Reached;
        await interleaved.WaitAsync(CellHost.Deadline);
        first.Open();
        await Task.WhenAll(calls).WaitAsync(CellHost.Deadline);
    }

    [Fact]
    public async Task Awaits_come_back_to_the_activation()
    {
        await _host.Cell().Run(async _ =>
        {
            var turn = SynchronizationContext.Current;
            Assert.NotNull(turn);
            await Task.Run(() => Assert.NotSame(turn, SynchronizationContext.Current));
            Assert.Same(turn, SynchronizationContext.Current);
            await Task.Yield();
            Assert.Same(turn, SynchronizationContext.Current);
        }).WaitAsync(CellHost.Deadline);
        Assert.Null(SynchronizationContext.Current as LeadGrain.Embedded.Runtime.Activation);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_callers_continuation_never_runs_in_the_grains_turn(bool answersAtOnce)
    {
        // The second call is queued behind the first, so that it answers on a thread that is not its caller's.
        var gate = new Gate();
        var first = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        var caller = ContinueAsync(_host.Cell().Run(async _ =>
        {
            if (!answersAtOnce)
            {
                await Task.Yield();
            }
        }));
        gate.Open();
        Assert.False(await caller.WaitAsync(CellHost.Deadline));
        await first;

        static async Task<bool> ContinueAsync(Task call)
        {
            await call.ConfigureAwait(false);
            return SynchronizationContext.Current is LeadGrain.Embedded.Runtime.Activation;
        }
    }

    [Fact]
    public async Task Grains_call_grains_and_resume_in_their_own_turns()
    {
        await _host.Cell("a").Run(async a =>
        {
            var turn = SynchronizationContext.Current;
            Assert.Equal(1, await a.Grains.GetGrain<ICell>("b").Add());
            Assert.Same(turn, SynchronizationContext.Current);
            Assert.Equal("a", a.Key);
        }).WaitAsync(CellHost.Deadline);
    }

    [Fact]
    public async Task A_chain_of_ten_thousand_grains_does_not_use_up_the_stack()
    {
        // Activated before, so that each call can run on its caller's stack.
        await Task.WhenAll(Enumerable.Range(0, 10_001).Select(n => _host.Cell($"{n}").Add())).WaitAsync(CellHost.Deadline);
        Assert.Equal(10_001, _host.Catalog.Count);
        await _host.Cell("0").Run(cell => NextAsync(cell, 0)).WaitAsync(CellHost.Deadline);

        static Task NextAsync(ICellBody cell, int n) => n == 10_000
            ? Task.CompletedTask
            : cell.Grains.GetGrain<ICell>($"{n + 1}").Run(next => NextAsync(next, n + 1));
    }

    [Fact]
    public async Task Exceptions_reach_the_caller_as_they_are()
    {
        var thrown = new InvalidDataException("thrown at once");
        Assert.Same(thrown, await Assert.ThrowsAsync<InvalidDataException>(() => _host.Cell().Fail(thrown)));
        Assert.Same(thrown, await Assert.ThrowsAsync<InvalidDataException>(() => _host.Cell().Run(async _ =>
        {
            await Task.Yield();
            throw thrown;
        })));
        Assert.Equal(1, await _host.Cell().Add());
    }

    [Fact]
    public async Task A_caller_that_cancels_while_its_call_waits_is_released_and_the_call_never_runs()
    {
        var gate = new Gate();
        var first = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        using var cancellation = new CancellationTokenSource();
        var second = _host.Cell().RunCancellable(Count, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(CellHost.Deadline));
        Assert.False(first.IsCompleted);
        gate.Open();
        await first.WaitAsync(CellHost.Deadline);
        Assert.Equal(1, await _host.Cell().Add());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.Cell().RunCancellable(Count, cancellation.Token));
        Assert.Equal(2, await _host.Cell().Add());

        static Task Count(ICellBody cell)
        {
            cell.Count++;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_callers_async_locals_reach_the_grain_and_the_grains_do_not_reach_the_caller()
    {
        var local = new AsyncLocal<string>();
        var gate = new Gate();
        var first = _host.Cell().Run(_ => gate.PassAsync());
        await gate.Reached;
        local.Value = "caller";
        var queued = _host.Cell().Run(Look);
        var direct = _host.Cell("b").Run(Look);
        gate.Open();
        await Task.WhenAll(first, queued, direct).WaitAsync(CellHost.Deadline);
        Assert.Equal("caller", local.Value);

        Task Look(ICellBody cell)
        {
            Assert.Equal("caller", local.Value);
            local.Value = "grain";
            return Task.CompletedTask;
        }
    }
}
