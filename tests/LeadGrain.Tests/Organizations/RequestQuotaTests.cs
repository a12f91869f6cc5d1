using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Gateway.Organizations;

namespace LeadGrain.Tests.Organizations;

public sealed class RequestQuotaTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_burst_passes_and_then_one_at_a_time_at_the_rate()
    {
        var (quota, wholeAt) = (new RequestQuota(perSecond: 10, burst: 3, Second), long.MinValue);

        Assert.Equal([2, 1, 0], Enumerable.Range(0, 3).Select(_ => quota.Take(ref wholeAt, now: 0).Remaining));
        Assert.Equal(new QuotaDecision(false, 0, 1, TimeSpan.FromMilliseconds(100)), quota.Take(ref wholeAt, now: 0));
        Assert.Equal(TimeSpan.FromMilliseconds(40), quota.Take(ref wholeAt, Second * 60 / 1000).RetryAfter);
        Assert.True(quota.Take(ref wholeAt, Second / 10).Allowed);
        Assert.False(quota.Take(ref wholeAt, Second / 10).Allowed);
    }

    [Fact]
    public void A_pause_brings_the_burst_back_and_no_more()
    {
        var (quota, wholeAt) = (new RequestQuota(perSecond: 10, burst: 3, Second), long.MinValue);
        _ = quota.Take(ref wholeAt, now: 0);

        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => quota.Take(ref wholeAt, 3600 * Second).Allowed));
    }

    [Fact]
    public void The_fields_tell_the_burst_what_is_left_of_it_and_when_it_is_whole()
    {
        var (quota, wholeAt) = (new RequestQuota(perSecond: 2, burst: 10, Second), long.MinValue);

        Assert.Equal(("10", "10;w=5"), (quota.LimitText, quota.PolicyText));
        Assert.Equal((9, 1L), (quota.Take(ref wholeAt, 0) is var first ? first.Remaining : -1, first.ResetSeconds));
        Assert.Equal((8, 1L), (quota.Take(ref wholeAt, 0) is var second ? second.Remaining : -1, second.ResetSeconds));
        Assert.Equal((7, 2L), (quota.Take(ref wholeAt, 0) is var third ? third.Remaining : -1, third.ResetSeconds));
    }

    [Fact]
    public void A_raised_rate_holds_at_once_however_much_was_used_of_a_longer_burst()
    {
        var (slow, fast) = (new RequestQuota(perSecond: 1, burst: 3_600, Second), new RequestQuota(perSecond: 100, burst: 100, Second));
        var share = new OrganizationShare(null, new EffectiveLimits(1, slow), now: 0);
        Assert.All(Enumerable.Range(0, 3_600), _ => Assert.True(share.Take(slow, now: 0).Allowed));

        share.Set(new EffectiveLimits(1, fast), now: 0);

        Assert.Equal(new QuotaDecision(false, 0, 1, TimeSpan.FromMilliseconds(10)), share.Take(fast, now: 0));
        Assert.True(share.Take(fast, Second / 100).Allowed);
    }

    [Fact]
    public void In_any_span_of_time_no_more_pass_than_the_burst_and_the_rate_allow()
    {
        var cases =
            from perSecond in Gen.Choose(1, 1000)
            from burst in Gen.Choose(1, 50)
            from gaps in Gen.ListOf(Gen.Choose(0, (int)(Second / 50)))
            select (perSecond, burst, gaps: gaps.ToArray());
        Prop.ForAll(Arb.From(cases), c =>
        {
            var (quota, wholeAt) = (new RequestQuota(c.perSecond, c.burst, Second), long.MinValue);
            var now = 0L;
            var passed = new List<long>();
            foreach (var gap in c.gaps)
            {
                now += gap;
                if (quota.Take(ref wholeAt, now).Allowed)
                {
                    passed.Add(now);
                }
            }

            for (var first = 0; first < passed.Count; first++)
            {
                var allowed = c.burst + ((passed[^1] - passed[first]) * (double)c.perSecond / Second);
                Assert.InRange(passed.Count - first, 0, allowed + 0.001);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task Of_many_that_ask_at_once_exactly_the_burst_passes()
    {
        var quota = new RequestQuota(perSecond: 1, burst: 1000, Second);
        var wholeAt = long.MinValue;
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var claimants = Enumerable.Range(0, 8).Select(async _ =>
        {
            await start.Task;
            return Enumerable.Range(0, 500).Count(_ => quota.Take(ref wholeAt, now: 0).Allowed);
        }).ToArray();
        start.SetResult();

        Assert.Equal(1000, (await Task.WhenAll(claimants)).Sum());
    }
}
