using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Metrics;

namespace LeadGrain.Tests.Namespaces;

/// <summary>Names that are asked for and do not exist.</summary>
public sealed class UnknownNamespaceTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task They_are_forgotten_within_seconds_and_those_that_exist_are_not()
    {
        using var active = new LiveCount(shared.Grid, "leadgrain.buffer.active_namespaces");
        await Client.PushAsync("known", "a@x.example");
        for (var n = 0; n < 20; n++)
        {
            Assert.Null(await Client.NextAsync($"unknown-{n}"));
        }

        await active.BecomeAsync(21);
        shared.Time.Advance(TimeSpan.FromSeconds(21));
        await active.BecomeAsync(1);

        await Client.PushAsync("unknown-0", "b@x.example");
        Assert.Equal("b@x.example", await Client.NextAsync("unknown-0"));
        Assert.Equal("a@x.example", await Client.NextAsync("known"));
    }

    [Fact]
    public async Task A_pull_that_waits_there_gets_the_first_lead_pushed_however_late()
    {
        using var waiters = new Buffer.WaitingPulls(shared.Grid);
        var waiting = Client.PostAsync("/buffer/next", new { @namespace = "late", waitSeconds = 30 });
        await waiters.BecomeAsync(1);
        for (var n = 0; n < 4; n++)
        {
            shared.Time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(20); // the gateway asks again
        }

        await Client.PushAsync("late", "a@x.example");

        Assert.Equal("a@x.example", (string)(await waiting)["lead"]!["email"]!);
    }
}
