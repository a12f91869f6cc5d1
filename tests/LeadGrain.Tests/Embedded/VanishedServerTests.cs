using LeadGrain.Embedded.Ownership;
using LeadGrain.Tests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.Tests.Embedded;

/// <summary>The database's machine is gone and nobody says so, as after a power cut; then there is one again.</summary>
public sealed class VanishedServerTests(ITestOutputHelper output)
{
    // The lock's own attempts last for 3 s, and what had started is waited for for 5 s. With Npgsql's defaults it took 15 to 60 s.
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(12);

    [Fact]
    public async Task The_owner_owns_the_next_one_soon()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var relay = new Relay(db.ConnectionString);
        await using var owner = await OwnerHost.OwningAsync(relay.ConnectionString);

        relay.Vanish();
        await Eventually.Async("it has noticed, and asks for its statement's end", () => owner.State != OwnerState.Owner && relay.Unanswered > 0);
        relay.Return();

        var took = await Eventually.Async("it owns it again", () => owner.State == OwnerState.Owner);
        output.WriteLine($"Owned after {took}.");
        Assert.True(took < s_most, $"{took}");
    }

    [Fact]
    public async Task A_standby_owns_the_next_one_soon()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var relay = new Relay(db.ConnectionString);
        await using var owner = await OwnerHost.OwningAsync(db.ConnectionString);
        await using var standby = new OwnerHost(relay.ConnectionString);
        await standby.StartAsync();
        await standby.IsAsync(OwnerState.Standby);

        relay.Vanish();
        await owner.StopAsync();
        relay.Return();

        var took = await Eventually.Async("it owns it", () => standby.State == OwnerState.Owner);
        output.WriteLine($"Owned after {took}.");
        Assert.True(took < s_most, $"{took}");
    }
}
