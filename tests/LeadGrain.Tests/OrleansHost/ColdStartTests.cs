using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LeadGrain.Silo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace LeadGrain.Tests.OrleansHost;

public sealed class ColdStartTests(ITestOutputHelper output)
{
    // A busy machine takes a while to start a silo; what is left behind and not buried holds it up for minutes.
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(45);

    [Fact]
    public async Task The_leavings_of_a_killed_cluster_do_not_hold_a_new_silo_up()
    {
        await using var cluster = await Cluster.CreateAsync();
        await LeaveBehindAsync(cluster, TimeSpan.FromMinutes(1));
        var since = Stopwatch.StartNew();

        var silo = await cluster.StartAsync();

        output.WriteLine($"Joined after {since.Elapsed}.");
        Assert.True(since.Elapsed < s_most, $"{since.Elapsed}");
        Assert.Equal(200, (int)(await silo.Client.GetAsync("/health/ready")).Status);
        Assert.Equal(6, await StatusOfTheLeftAsync(cluster));
    }

    [Fact]
    public async Task A_silo_that_went_silent_a_moment_ago_holds_a_new_one_up_for_some_heartbeats_only()
    {
        await using var cluster = await Cluster.CreateAsync();
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var wait = TimeSpan.FromSeconds(4);
        var since = Stopwatch.StartNew();
        await LeaveBehindAsync(cluster, (ClusterSettings.Heartbeat * ClusterSettings.MissedHeartbeats) - wait, port: PortOf(mute));

        await cluster.StartAsync();

        output.WriteLine($"Joined after {since.Elapsed}.");
        Assert.InRange(since.Elapsed, wait - TimeSpan.FromSeconds(1), s_most);
    }

    [Fact]
    public async Task A_silo_whose_process_is_gone_is_not_waited_for_as_long_as_one_that_is_silent()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync();
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();

        await LeaveBehindAsync(cluster, ClusterSettings.Heartbeat, "another");
        Assert.Equal(1, await LookAsync(silo, "another"));
        Assert.Equal(3, await StatusOfTheLeftAsync(cluster));

        await cluster.Database.ExecuteAsync("update orleans_members set heard_at = heard_at - interval '3 seconds' where silo_name = 'left'");
        Assert.Equal(0, await LookAsync(silo, "another"));
        Assert.Equal(6, await StatusOfTheLeftAsync(cluster));

        await cluster.Database.ExecuteAsync("update orleans_members set status = 3, port = $1 where silo_name = 'left'", PortOf(mute));
        Assert.Equal(0, await LookAsync(silo, "another"));
        Assert.Equal(3, await StatusOfTheLeftAsync(cluster));
    }

    [Fact]
    public async Task A_silo_whose_process_is_gone_is_buried_before_a_new_one_joins()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync();
        await LeaveBehindAsync(cluster, (ClusterSettings.Heartbeat * 2) - TimeSpan.FromSeconds(1), "another");
        using var stale = Stale(silo, "another");

        await stale.StartAsync(CancellationToken.None);

        Assert.Equal(6, await StatusOfTheLeftAsync(cluster));
        await stale.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_predecessor_on_the_same_address_and_port_is_left_to_Orleans()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync();
        var port = Ports.Free();
        await LeaveBehindAsync(cluster, ClusterSettings.Heartbeat * 3, "another", port: port);
        using var stale = Stale(silo, "another", new Self(SiloAddress.New(IPAddress.Loopback, port, 2)));

        Assert.Equal(0, await stale.LookAsync(CancellationToken.None));
        Assert.Equal(3, await StatusOfTheLeftAsync(cluster));
    }

    [Fact]
    public async Task Silos_that_live_or_are_of_another_cluster_are_left_alone()
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync();
        await LeaveBehindAsync(cluster, TimeSpan.FromMinutes(1), "another");

        Assert.Equal(0, await LookAsync(silo));
        Assert.Equal(3, await StatusOfTheLeftAsync(cluster));
        Assert.Equal(1, await cluster.CountAsync("select count(*) from orleans_members where cluster_id = 'leadgrain' and status = 3"));

    }

    [Fact]
    public async Task A_silo_that_died_while_its_clock_was_ahead_does_not_hold_a_new_one_up()
    {
        await using var cluster = await Cluster.CreateAsync();
        await LeaveBehindAsync(cluster, TimeSpan.FromMinutes(1), clockAhead: TimeSpan.FromHours(1));
        var since = Stopwatch.StartNew();

        await cluster.StartAsync();

        Assert.True(since.Elapsed < s_most, $"{since.Elapsed}");
        Assert.Equal(6, await StatusOfTheLeftAsync(cluster));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_silo_that_joins_or_stops_and_has_no_heartbeat_is_left_alone(int status)
    {
        await using var cluster = await Cluster.CreateAsync();
        var silo = await cluster.StartAsync();
        await LeaveBehindAsync(cluster, TimeSpan.FromMinutes(1), "another");
        await cluster.Database.ExecuteAsync("update orleans_members set status = $1 where silo_name = 'left'", status);

        Assert.Equal(0, await LookAsync(silo, "another"));
        Assert.Equal(status, await StatusOfTheLeftAsync(cluster));
    }

    private static async Task<int> LookAsync(Node silo, string clusterId = "leadgrain")
    {
        using var stale = Stale(silo, clusterId);
        return await stale.LookAsync(CancellationToken.None);
    }

    private static StaleSilos Stale(Node silo, string clusterId, ILocalSiloDetails? self = null) => ActivatorUtilities.CreateInstance<StaleSilos>(
        silo.Services,
        silo.Services.GetRequiredService<ClusterSettings>() with { ClusterId = clusterId },
        self ?? silo.Services.GetRequiredService<ILocalSiloDetails>(),
        NullLogger<StaleSilos>.Instance);

    private static async Task LeaveBehindAsync(
        Cluster cluster, TimeSpan ago, string clusterId = "leadgrain", TimeSpan clockAhead = default, int? port = null)
    {
        await using var command = cluster.Database.DataSource.CreateCommand(
            """
            with cluster as (insert into orleans_membership_versions (cluster_id) values ($1))
            insert into orleans_members
                (cluster_id, address, port, generation, silo_name, host_name, status, gateway_port, started_at, alive_at, heard_at)
            values ($1, '127.0.0.1', $2, 1, 'left', 'left', 3, 0, now() - interval '1 day', now() - $3 + $4, now() - $3)
            """);
        command.Parameters.AddWithValue(clusterId);
        command.Parameters.AddWithValue(port ?? Ports.Free());
        command.Parameters.AddWithValue(ago);
        command.Parameters.AddWithValue(clockAhead);
        await command.ExecuteNonQueryAsync();
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static Task<long> StatusOfTheLeftAsync(Cluster cluster)
        => cluster.CountAsync("select status::bigint from orleans_members where silo_name = 'left'");

    private sealed record Self(SiloAddress SiloAddress) : ILocalSiloDetails
    {
        public string Name => "self";

        public string ClusterId => "another";

        public string DnsHostName => "localhost";

        public SiloAddress GatewayAddress => SiloAddress;
    }
}
