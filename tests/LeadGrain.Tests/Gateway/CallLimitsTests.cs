using LeadGrain.Gateway.Calls;

namespace LeadGrain.Tests.Gateway;

public sealed class CallLimitsTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_limit_that_nobody_looks_at_any_more_is_used_again()
    {
        var limits = new CallLimits(s_limit, TimeProvider.System);
        var first = limits.Start(TimeSpan.Zero);
        limits.End(first, forgotten: true);

        var second = limits.Start(TimeSpan.Zero);

        Assert.Same(first, second);
        Assert.False(second.IsCancellationRequested);
    }

    [Fact]
    public void A_limit_that_a_lost_call_may_still_hold_is_not_used_again()
    {
        var limits = new CallLimits(s_limit, TimeProvider.System);
        var first = limits.Start(TimeSpan.Zero);
        limits.End(first, forgotten: false);

        Assert.NotSame(first, limits.Start(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_limit_that_ran_out_or_was_cancelled_is_not_used_again()
    {
        var limits = new CallLimits(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        var first = limits.Start(TimeSpan.Zero);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var link = first.Token.Register(ended.SetResult);
        await ended.Task.WaitAsync(Eventually.Patience);
        limits.End(first, forgotten: true);

        Assert.NotSame(first, limits.Start(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_limit_used_again_runs_for_its_whole_time()
    {
        var time = new FakeTime();
        var limits = new CallLimits(TimeSpan.FromSeconds(30), time);
        var first = limits.Start(TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(29));
        limits.End(first, forgotten: true);

        var second = limits.Start(TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(second.IsCancellationRequested);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var link = second.Token.Register(ended.SetResult);
        time.Advance(TimeSpan.FromSeconds(1));
        await ended.Task.WaitAsync(Eventually.Patience);
    }
}
