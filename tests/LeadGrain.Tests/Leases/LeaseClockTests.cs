using LeadGrain.Tests.Buffer;
using LeadGrain.Tests.Idempotency;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Leases;

/// <summary>Leases are timed by the monotonic clock: the wall clock may be set while they run.</summary>
public sealed class LeaseClockTests
{
    private const int Lease = 600;

    private static readonly TimeSpan s_justUnder = TimeSpan.FromSeconds(Lease - 60);
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(61);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_lease_runs_as_long_as_was_granted_when_the_wall_clock_is_set_by_an_hour(int hours)
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        await grid.Client.PushAsync("ns", "a@x.example");
        var first = await grid.Client.LeaseAsync("ns", seconds: Lease);
        Assert.Equal(1, Assert.Single(first).Attempt);

        time.Step(TimeSpan.FromHours(hours));
        Assert.Empty(await grid.Client.LeaseAsync("ns"));
        time.Advance(s_justUnder);
        Assert.Empty(await grid.Client.LeaseAsync("ns"));

        time.Advance(s_rest);
        var second = await grid.Client.LeaseAsync("ns", seconds: Lease);
        Assert.Equal(("a@x.example", 2), (Assert.Single(second).Email, second[0].Attempt));
        Assert.Equal(["not_held"], await grid.Client.AckAsync("ns", first));
        Assert.Equal(["acked"], await grid.Client.AckAsync("ns", second));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_delay_lasts_as_long_as_was_asked_when_the_wall_clock_is_set_by_an_hour(int hours)
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        await grid.Client.PushAsync("ns", "a@x.example");
        await grid.Client.NackAsync("ns", Lease, await grid.Client.LeaseAsync("ns"));

        time.Step(TimeSpan.FromHours(hours));
        time.Advance(s_justUnder);
        Assert.Null(await grid.Client.NextAsync("ns"));

        time.Advance(s_rest);
        Assert.Equal("a@x.example", await grid.Client.NextAsync("ns"));
    }

    [Fact]
    public async Task After_a_restart_under_a_clock_that_was_set_back_a_lease_runs_no_longer_than_was_granted()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        List<LeasedLead> lease;
        await using (var before = await LeaseGrid.StartAsync(database, time))
        {
            await before.Client.PushAsync("ns", "a@x.example");
            lease = await before.Client.LeaseAsync("ns", seconds: Lease);
        }

        time.Step(-TimeSpan.FromHours(1));
        await using var after = await LeaseGrid.StartAsync(database, time);
        Assert.Empty(await after.Client.LeaseAsync("ns"));
        time.Advance(s_justUnder + s_rest);

        Assert.Single(await after.Client.LeaseAsync("ns"));
        Assert.Equal(["not_held"], await after.Client.AckAsync("ns", lease));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pull_on_lease_is_repeated_as_it_was_when_its_lead_was_served_under_a_clock_that_was_set_back(bool restart)
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        var grid = await LeaseGrid.StartAsync(database, time);
        try
        {
            // One lease is acknowledged; of the other's lead, given back, the email is served by another.
            foreach (var (email, key) in new[] { ("a@x.example", "acked"), ("b@x.example", "other") })
            {
                await grid.Client.PushAsync(key, email);
                var body = new { @namespace = key, leaseSeconds = Lease };
                var first = await grid.Client.AskAsync("/buffer/next", body, key);
                var lease = new[] { (Guid)first.Json["lead"]!["leaseId"]! };

                time.Step(-TimeSpan.FromHours(1));
                if (restart)
                {
                    await grid.DisposeAsync();
                    grid = await LeaseGrid.StartAsync(database, time);
                }

                if (key == "acked")
                {
                    await grid.Client.PostAsync("/buffer/ack", new { @namespace = key, leaseIds = lease });
                }
                else
                {
                    await grid.Client.PostAsync("/buffer/nack", new { @namespace = key, leaseIds = lease });
                    await grid.Client.PushAsync(key, (email.ToUpperInvariant(), 1), ("c@x.example", -1));
                    Assert.Equal("B@X.EXAMPLE", await grid.Client.NextAsync(key));
                    Assert.Equal("c@x.example", await grid.Client.NextAsync(key));
                }

                await grid.Client.PushAsync(key, "d@x.example");
                Assert.Equal((first.Body, true), await grid.Client.RepeatAsync("/buffer/next", body, key));
            }
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }
}
