using LeadGrain.Silo;
using LeadGrain.Tests.Ingestion;
using Microsoft.Extensions.Configuration;

namespace LeadGrain.Tests.OrleansHost;

public sealed class RolesTests
{
    [Fact]
    public async Task A_gateway_apart_serves_through_silos_that_serve_health_and_metrics_only()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync(("ROLES", "silo"));
        var gateway = await cluster.StartAsync(("ROLES", "gateway"));

        await gateway.Client.PushAsync("spring", "a@example.com", "b@example.com");
        Assert.Equal(["a@example.com", "b@example.com"], await gateway.Client.DrainAsync("spring"));

        Assert.Equal(200, (int)(await gateway.Client.GetAsync("/health/ready")).Status);
        Assert.Equal(200, (int)(await silo.Client.GetAsync("/health/ready")).Status);
        Assert.Equal(200, (int)(await silo.Client.GetAsync("/metrics")).Status);
        Assert.Equal(404, (int)(await silo.Client.TryPullAsync("spring")).Status);
        Assert.Equal(404, (int)(await silo.Client.GetAsync("/")).Status);
    }

    [Fact]
    public async Task A_gateway_apart_keeps_posts_while_there_is_no_silo()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync(("ROLES", "silo"));
        var gateway = await cluster.StartAsync(("ROLES", "gateway"), ("GRAIN_CALL_TIMEOUT", "00:00:05"));
        var first = (await gateway.Client.PostLeadAsync("""{"email":"first@b.c"}""")).MustBeCreated();

        await silo.StopAsync();
        var kept = (await gateway.Client.PostLeadAsync("""{"email":"kept@b.c"}""")).MustBeCreated();

        Assert.Equal(
            [first, kept],
            new[] { await cluster.Database.ScalarAsync<Guid>("select id from leads order by id"), await cluster.Database.ScalarAsync<Guid>("select id from leads order by id desc") });
        Assert.Equal((2L, 0L), (await cluster.CountAsync("select count(*) from leads_raw"), await cluster.CountAsync("select count(*) from raw_open")));
    }

    [Theory]
    [InlineData("ROLES", "silo,gatway")]
    [InlineData("ROLES", ",")]
    [InlineData("SILO_PORT", "0")]
    [InlineData("SILO_GATEWAY_PORT", "65536")]
    [InlineData("ADVERTISED_IP", "here")]
    public void A_setting_that_cannot_be_used_is_named(string name, string value)
        => Assert.Contains(name, Assert.Throws<SettingException>(() => Read((name, value))).Message, StringComparison.Ordinal);

    [Fact]
    public void Without_settings_a_process_is_both_and_stays_on_loopback()
    {
        var settings = Read();
        Assert.True(settings is { HasSilo: true, HasGateway: true, ClusterId: "leadgrain", SiloPort: 11111, GatewayPort: 30000 });
        Assert.Equal("127.0.0.1", settings.Address?.ToString());
        Assert.Null(Read(("API_KEY", "given")).Address);
    }

    private static ClusterSettings Read(params (string Name, string Value)[] settings)
        => ClusterSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(s => s.Name, s => (string?)s.Value)).Build());
}
