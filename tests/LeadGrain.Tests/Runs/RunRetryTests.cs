using System.Net;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Gateway.Runs;

namespace LeadGrain.Tests.Runs;

public sealed class RunRetryTests
{
    private static readonly RunsOptions Options = new() { Tries = 6 };

    [Fact]
    public void Waits_grow_stay_bounded_and_never_undercut_what_was_asked()
    {
        var cases = from tried in Gen.Choose(1, 5) from random in Gen.Choose(0, 100) from asked in Gen.Choose(0, 10) select (tried, random, asked);
        Prop.ForAll(cases.ToArbitrary(), given =>
        {
            var plain = RunRetry.Delay(given.tried, HttpStatusCode.BadGateway, null, given.random / 100.0, Options)!.Value;
            var asked = TimeSpan.FromSeconds(given.asked);
            var polite = RunRetry.Delay(given.tried, HttpStatusCode.TooManyRequests, asked, given.random / 100.0, Options)!.Value;
            var step = Options.FirstDelay * Math.Pow(2, given.tried - 1);
            Assert.InRange(plain, step / 2, step);
            Assert.InRange(polite, asked, Options.LongestDelay);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Found)]
    public void Answers_that_will_not_change_are_final(HttpStatusCode status) =>
        Assert.Null(RunRetry.Delay(1, status, null, 0, Options));

    [Fact]
    public void A_wait_longer_than_a_worker_can_spare_ends_the_tries() =>
        Assert.Null(RunRetry.Delay(1, HttpStatusCode.TooManyRequests, TimeSpan.FromMinutes(5), 0, Options));

    [Fact]
    public void A_time_out_is_tried_again_until_the_last_try()
    {
        Assert.NotNull(RunRetry.Delay(5, null, null, 0, Options));
        Assert.Null(RunRetry.Delay(6, null, null, 0, Options));
    }
}
