using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Buffer;
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
        var asked = AskedAsync();
        var waiting = Client.PostAsync("/buffer/next", new { @namespace = "late", waitSeconds = 30 });
        await asked;
        for (var n = 0; n < 2; n++)
        {
            asked = AskedAsync();
            shared.Time.Advance(PullCommand.MaxWait / 2);
            shared.Time.Advance(PullCommand.MaxWait / 2);
            await asked; // the gateway, again
        }

        await Client.PushAsync("late", "a@x.example");

        Assert.Equal("a@x.example", (string)(await waiting)["lead"]!["email"]!);
    }

    // A pull that comes to wait at the grain sets its own timer.
    private Task AskedAsync() => shared.Time.SetAsync(static (state, _) => state is Pull);
}
