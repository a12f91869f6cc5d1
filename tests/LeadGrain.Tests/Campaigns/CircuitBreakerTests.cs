using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Outbound;

namespace LeadGrain.Tests.Campaigns;

public sealed class CircuitBreakerTests
{
    private static readonly DateTimeOffset s_now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    [Fact]
    public void It_opens_at_the_limit_and_not_before() =>
        Prop.ForAll<PositiveInt, byte>((limit, jitter) =>
        {
            var breaker = CircuitBreaker.Closed;
            for (var i = 1; i < limit.Get; i++)
            {
                breaker = Fail(breaker, limit.Get, jitter);
            }

            var opened = Fail(breaker, limit.Get, jitter);
            return breaker.WaitAt(s_now) is null && !breaker.IsProbing && opened.WaitAt(s_now) > TimeSpan.Zero && opened.IsProbing;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Each_probe_that_fails_opens_it_for_longer_up_to_the_longest() =>
        Prop.ForAll<PositiveInt, byte>((probes, jitter) =>
        {
            var breaker = Fail(CircuitBreaker.Closed, 1, jitter);
            for (var i = 0; i < probes.Get; i++)
            {
                var next = Fail(breaker, 1, jitter);
                if (next.WaitAt(s_now) < breaker.WaitAt(s_now) || next.WaitAt(s_now) > s_longest)
                {
                    return false;
                }

                breaker = next;
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void When_its_time_is_over_it_lets_a_probe_through()
    {
        var open = Fail(CircuitBreaker.Closed, 1, jitter: 255);

        Assert.Equal(s_first, open.WaitAt(s_now));
        Assert.Null(open.WaitAt(s_now + s_first));
        Assert.True(open.IsProbing);
        Assert.False(CircuitBreaker.Closed.IsProbing);
    }

    [Fact]
    public void Waits_double_up_to_the_longest_and_half_of_each_is_chance() =>
        Prop.ForAll<PositiveInt, byte>((attempt, jitter) =>
        {
            var full = Math.Min(s_longest.TotalSeconds, s_first.TotalSeconds * Math.Pow(2, attempt.Get - 1));
            var wait = BackOff.Before(attempt.Get, s_first, s_longest, jitter / 255.0).TotalSeconds;
            return Math.Abs(wait - (full * (0.5 + (jitter / 510.0)))) < 1e-6;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0.25, 9)]
    [InlineData(0.5, 10)]
    [InlineData(1, 12)]
    public void A_wait_of_a_schedule_is_a_fifth_shorter_to_a_fifth_longer_by_chance(double random, double seconds)
        => Assert.Equal(seconds, BackOff.After(1, [TimeSpan.FromSeconds(10)], random)!.Value.TotalSeconds, 6);

    [Fact]
    public void The_circuit_stays_open_for_a_time_that_is_half_chance()
        => Assert.Equal([1d, 2d], new byte[] { 0, 255 }.Select(jitter => Fail(CircuitBreaker.Closed, 1, jitter).WaitAt(s_now)!.Value.TotalSeconds));

    [Fact]
    public void A_schedule_of_n_waits_allows_n_plus_one_attempts()
    {
        TimeSpan[] schedule = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)];

        Assert.Equal(
            [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), null],
            new[] { 1, 2, 3 }.Select(attempts => BackOff.After(attempts, schedule, 0.5)));
    }

    private static CircuitBreaker Fail(CircuitBreaker breaker, int limit, byte jitter) => breaker.Failed(s_now, limit, s_first, s_longest, jitter / 255.0);
}
