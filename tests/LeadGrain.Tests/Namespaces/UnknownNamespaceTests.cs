using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Metrics;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Namespaces;

/// <summary>Names that are asked for and do not exist.</summary>
public sealed class UnknownNamespaceTests
{
    [Fact]
    public async Task They_are_forgotten_within_seconds_and_those_that_exist_are_not()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        using var active = new LiveCount(grid, "leadgrain.buffer.active_namespaces");
        await grid.Client.PushAsync("known", "a@x.example");
        for (var n = 0; n < 20; n++)
        {
            Assert.Null(await grid.Client.NextAsync($"unknown-{n}"));
        }

        await active.BecomeAsync(21);
        time.Advance(TimeSpan.FromSeconds(21));
        await active.BecomeAsync(1);

        await grid.Client.PushAsync("unknown-0", "b@x.example");
        Assert.Equal("b@x.example", await grid.Client.NextAsync("unknown-0"));
        Assert.Equal("a@x.example", await grid.Client.NextAsync("known"));
    }

    [Fact]
    public async Task A_pull_that_waits_there_gets_the_first_lead_pushed_however_late()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        using var waiters = new Buffer.WaitingPulls(grid);
        var waiting = grid.Client.PostAsync("/buffer/next", new { @namespace = "late", waitSeconds = 30 });
        await waiters.BecomeAsync(1);
        for (var n = 0; n < 4; n++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(20); // the gateway asks again
        }

        await grid.Client.PushAsync("late", "a@x.example");

        Assert.Equal("a@x.example", (string)(await waiting)["lead"]!["email"]!);
    }
}
