using LeadGrain.Tests.Leases;

namespace LeadGrain.Tests.Namespaces;

public sealed class PauseTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_paused_namespace_hands_nothing_out_but_takes_pushes_and_acknowledgements()
    {
        await Client.PushAsync("paused", "a@x.example", "b@x.example");
        var leased = await Client.LeaseAsync("paused");

        await Client.PostAsync("/namespaces/paused/pause", new { });
        var refused = await Client.PostAsync("/buffer/next", new { @namespace = "paused" });
        var many = await Client.PostAsync("/buffer/next", new { @namespace = "paused", count = 5, leaseSeconds = 5 });
        Assert.Equal((1, 0), await Client.PushAsync("paused", "c@x.example"));
        Assert.Equal(["acked"], await Client.AckAsync("paused", leased));

        Assert.Equal("""{"found":false,"paused":true}""", refused.ToJsonString());
        Assert.Equal("""{"found":false,"paused":true,"leads":[]}""", many.ToJsonString());
        Assert.True((bool)(await Client.ReadAsync("/namespaces/paused"))["paused"]!);
        Assert.Equal((2, 0, 0, 1, 0), await Client.AllCountsAsync("paused"));
    }

    [Fact]
    public async Task A_resumed_namespace_goes_on_where_it_was()
    {
        await Client.PushAsync("resumed", "a@x.example", "b@x.example");
        await Client.PostAsync("/namespaces/resumed/pause", new { });
        await Client.PostAsync("/namespaces/resumed/pause", new { });

        await Client.PostAsync("/namespaces/resumed/resume", new { });

        Assert.Equal(["a@x.example", "b@x.example"], await Client.DrainAsync("resumed"));
        Assert.False((bool)(await Client.ReadAsync("/namespaces/resumed"))["paused"]!);
    }

    [Fact]
    public async Task A_pause_outlives_a_restart_and_holds_for_its_namespace_only()
    {
        await Client.PushAsync("kept", "a@x.example");
        await Client.PushAsync("other", "a@x.example");
        await Client.PostAsync("/namespaces/kept/pause", new { });

        await shared.RestartAsync();

        Assert.Null(await Client.NextAsync("kept"));
        Assert.Equal("a@x.example", await Client.NextAsync("other"));
        await Client.PostAsync("/namespaces/kept/resume", new { });
        Assert.Equal("a@x.example", await Client.NextAsync("kept"));
    }

    [Fact]
    public async Task Another_tenants_namespace_of_the_same_name_is_not_paused()
    {
        using var other = shared.Grid.NewClient("app", "other");
        await Client.PushAsync("same", "a@x.example");
        await other.PushAsync("same", "a@x.example");

        await Client.PostAsync("/namespaces/same/pause", new { });

        Assert.Equal("a@x.example", await other.NextAsync("same"));
    }
}
