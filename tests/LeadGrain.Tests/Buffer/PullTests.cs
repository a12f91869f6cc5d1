using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Buffer;

namespace LeadGrain.Tests.Buffer;

public sealed class PullTests
{
    [Fact]
    public async Task A_pull_that_ends_and_is_given_a_lead_at_once_gets_either_never_both()
    {
        for (var n = 0; n < 2_000; n++)
        {
            var pull = new Pull(new PullCommand(Wait: TimeSpan.FromSeconds(1)), default);
            using var together = new Barrier(2);
            var ending = Task.Run(() =>
            {
                together.SignalAndWait();
                pull.TryEnd(PullOutcome.Empty.Value);
            });
            together.SignalAndWait();
            var taken = pull.TryTake();
            await ending;
            Assert.Equal(taken, !pull.Task.IsCompleted);
        }
    }

    [Fact]
    public async Task A_parked_pull_ends_empty_when_its_time_is_up_and_takes_no_lead_after()
    {
        var time = new FakeTime();
        var pull = new Pull(new PullCommand(Wait: TimeSpan.FromSeconds(5)), default);
        pull.Park(time);
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(pull.Task.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.IsType<PullOutcome.Empty>((await pull.Task).Outcome);
        Assert.False(pull.TryTake());
    }

    [Fact]
    public async Task A_parked_pull_whose_caller_goes_away_takes_no_lead()
    {
        using var caller = new CancellationTokenSource();
        var pull = new Pull(new PullCommand(Wait: TimeSpan.FromSeconds(5)), caller.Token);
        pull.Park(new FakeTime());

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull.Task);
        Assert.False(pull.TryTake());
    }
}
