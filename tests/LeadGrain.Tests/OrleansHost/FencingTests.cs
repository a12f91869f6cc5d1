namespace LeadGrain.Tests.OrleansHost;

/// <summary>Two clusters that do not know of each other, over one database: every grain of both is active twice.</summary>
public sealed class FencingTests
{
    [Fact]
    public async Task Two_activations_of_one_namespace_fence_each_other_off_and_serve_nothing_twice()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (left, right) = (await cluster.StartAsync(("CLUSTER_ID", "left")), await cluster.StartAsync(("CLUSTER_ID", "right")));
        string[] emails = [.. Enumerable.Range(0, 60).Select(i => $"{i}@example.com")];
        await Task.WhenAll(left.Client.PushAsync("spring", emails[..30]), right.Client.PushAsync("spring", emails[30..]));

        var drained = await Task.WhenAll(left.Client.DrainAsync("spring"), right.Client.DrainAsync("spring"), left.Client.DrainAsync("spring"));

        Assert.Equal(emails.Order(), drained.SelectMany(pulled => pulled).Order());
        Assert.Equal(60, await cluster.CountAsync("select count(*) from served_leads"));
        Assert.True(await cluster.CountAsync("select epoch from namespaces") > 2, "No activation took over from another.");
    }

    [Fact]
    public async Task A_fenced_activation_starts_anew_from_the_database()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (left, right) = (await cluster.StartAsync(("CLUSTER_ID", "left")), await cluster.StartAsync(("CLUSTER_ID", "right")));
        await left.Client.PushAsync("spring", "a@example.com", "b@example.com", "c@example.com");

        Assert.Equal("a@example.com", await left.Client.PullAsync("spring"));
        Assert.Equal("b@example.com", await right.Client.PullAsync("spring"));
        Assert.Equal("c@example.com", await left.Client.PullAsync("spring"));
        Assert.Null(await right.Client.PullAsync("spring"));
    }
}
