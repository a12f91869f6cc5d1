using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.OrleansHost;

public sealed class TablesTests
{
    // Longer than an index entry may be, as the key of a namespace with three long names is.
    private static readonly string s_key = string.Concat(Enumerable.Repeat("%C3%A9", 1500));

    [Fact]
    public async Task A_grains_state_outlives_its_silo_and_can_be_cleared()
    {
        await using var cluster = await Cluster.CreateAsync();
        var first = await cluster.StartAsync();
        Assert.Equal(1, await Probe(first).CountAsync());
        Assert.Equal(2, await Probe(first).CountAsync());
        await first.StopAsync();

        var second = await cluster.StartAsync();
        Assert.Equal(3, await Probe(second).CountAsync());
        await Probe(second).ClearAsync();
        Assert.Equal(1, await Probe(second).CountAsync());
        Assert.Equal(1, await cluster.CountAsync("select count(*) from orleans_grain_states where payload is not null"));
    }

    [Fact]
    public async Task Of_two_activations_that_write_one_state_one_is_refused()
    {
        await using var cluster = await Cluster.CreateAsync();
        var (left, right) = (await cluster.StartAsync(("CLUSTER_ID", "left")), await cluster.StartAsync(("CLUSTER_ID", "right")));
        Assert.Equal(0, await Probe(right).ReadAsync());
        Assert.Equal(1, await Probe(left).CountAsync());

        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(Probe(right).CountAsync);

        // Orleans has put the refused activation away; the next one reads.
        Assert.Equal(2, await Probe(right).CountAsync());
        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(Probe(left).CountAsync);
    }

    [Fact]
    public async Task A_reminder_ticks_is_kept_and_can_be_taken_back()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync();
        var tick = ProbeGrain.TickOf(s_key);

        await Probe(silo).RemindAsync("soon");
        await Probe(silo).RemindAsync("soon");
        Assert.Equal("soon", await tick.WaitAsync(Eventually.Patience));
        Assert.Equal(1, await cluster.CountAsync("select count(*) from orleans_reminders where name = 'soon' and version = 1"));
        Assert.Equal(["soon"], await Probe(silo).RemindersAsync());

        await Probe(silo).ForgetAsync("soon");
        Assert.Equal(0, await cluster.CountAsync("select count(*) from orleans_reminders where name = 'soon'"));
    }

    private static IProbeGrain Probe(Node silo) => silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IProbeGrain>(s_key);
}
