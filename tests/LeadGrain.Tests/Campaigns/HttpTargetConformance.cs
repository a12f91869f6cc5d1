using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

/// <summary>What every kind of target must do besides that asks a service by HTTP, which can tell it to wait and turn it away.</summary>
public abstract class HttpTargetConformance : TargetConformance
{
    /// <summary>A target with the service behind it.</summary>
    internal interface IHttpBench : ITargetBench
    {
        /// <summary>The next request is answered with this status and Retry-After; null: without the header.</summary>
        void TellToWait(int status, int? seconds);

        /// <summary>From now on the service turns the campaign away for good.</summary>
        void TurnAway();
    }

    private protected abstract Task<IHttpBench> StartHttpAsync();

    private protected sealed override async Task<ITargetBench> StartAsync() => await StartHttpAsync();

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(500)]
    public async Task Told_when_to_come_back_it_leaves_the_leads_until_then(int status)
    {
        await using var bench = await StartHttpAsync();
        bench.TellToWait(status, 40);

        var before = DateTimeOffset.UtcNow;
        var told = Assert.IsType<PushResult.RetryAt>((await PushAsync(bench, Leads(1))).Single());

        Assert.True(told.When is not null, $"{told}");
        Assert.InRange((told.When!.Value - before).TotalSeconds, 39.5, 60);
        // Who only says that it is too much has refused nothing; who failed has cost an attempt.
        Assert.Equal(status != 429, told.Counts);
        Assert.Empty(await bench.TakenAsync());
    }

    [Theory]
    [InlineData(2 * 3_600, 2)]
    [InlineData(5_000_000, 24)]
    public async Task A_wait_of_hours_is_kept_and_one_of_more_than_a_day_is_taken_for_a_day(int seconds, int hours)
    {
        await using var bench = await StartHttpAsync();
        bench.TellToWait(429, seconds);

        var before = DateTimeOffset.UtcNow;
        var told = Assert.IsType<PushResult.RetryAt>((await PushAsync(bench, Leads(1))).Single());

        Assert.InRange((told.When!.Value - before).TotalHours, hours - 0.01, hours + 0.1);
    }

    [Fact]
    public async Task Told_that_it_is_too_much_but_not_when_to_come_back_it_waits_and_counts_no_attempt()
    {
        await using var bench = await StartHttpAsync();
        bench.TellToWait(429, null);

        var before = DateTimeOffset.UtcNow;
        var told = Assert.IsType<PushResult.RetryAt>((await PushAsync(bench, Leads(1))).Single());

        Assert.False(told.Counts);
        Assert.True(told.When is not null, $"{told}");
        Assert.InRange((told.When!.Value - before).TotalSeconds, 1, 120);
        Assert.Empty(await bench.TakenAsync());
    }

    [Fact]
    public async Task Turned_away_for_good_it_stops_the_campaign_gives_no_lead_up_and_names_none()
    {
        await using var bench = await StartHttpAsync();
        bench.TurnAway();

        var results = await PushAsync(bench, Leads(3));

        Assert.Contains(results, result => result is PushResult.Stop);
        Assert.DoesNotContain(results, result => result is PushResult.Refused);
        Assert.Empty(await bench.TakenAsync());
        MustNameNothing(results);
    }
}
