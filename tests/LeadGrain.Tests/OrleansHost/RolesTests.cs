using LeadGrain.Gateway.Routing;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Silo;
using LeadGrain.Tests.Ingestion;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

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

    [Fact]
    public void Orleans_gives_a_call_up_after_the_gateway_however_long_it_waits_by_design()
    {
        var (longest, byDefault) = (TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
        Assert.Equal(byDefault + longest + TimeSpan.FromSeconds(5), Read().ResponseTimeout);
        Assert.Equal(TimeSpan.FromSeconds(1) + longest + TimeSpan.FromSeconds(5), Read(("GRAIN_CALL_TIMEOUT", "00:00:01")).ResponseTimeout);
        Assert.True(PullCommand.MaxWait <= longest);
        Assert.False(IngestApi.ReadWait(new QueryCollection(new Dictionary<string, StringValues> { ["wait"] = "30" }), new()).Failed(out _, out _));
        Assert.True(IngestApi.ReadWait(new QueryCollection(new Dictionary<string, StringValues> { ["wait"] = "31" }), new()).Failed(out _, out _));
    }

    private static ClusterSettings Read(params (string Name, string Value)[] settings)
        => ClusterSettings.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(s => s.Name, s => (string?)s.Value)).Build());
}
