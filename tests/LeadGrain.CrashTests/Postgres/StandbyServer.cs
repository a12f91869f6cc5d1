using System.Globalization;
using LeadGrain.Silo;
using Npgsql;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>A primary with a streaming standby that confirms every commit, each at a port of its own.</summary>
internal sealed class StandbyServer : IAsyncDisposable
{
    private StandbyServer(FaultyServer primary, FaultyServer standby) => (Primary, Standby) = (primary, standby);

    internal FaultyServer Primary { get; }

    internal FaultyServer Standby { get; }

    /// <summary>Names both hosts, the primary first.</summary>
    internal string ConnectionString { get; private init; } = "";

    internal static async Task<StandbyServer> StartAsync()
    {
        var (first, second) = (GridSettings.LastingPort(), GridSettings.LastingPort());
        var primary = await FaultyServer.StartAsync(settings: Listen(first));
        try
        {
            var cluster = await primary.ClusterAsync();
            var standby = await CopyAsync(primary, cluster, second);
            var pair = new StandbyServer(primary, standby)
            {
                ConnectionString = new NpgsqlConnectionStringBuilder(primary.ConnectionString)
                {
                    Host = $"127.0.0.1:{first},127.0.0.1:{second}",
                    Password = cluster.Password,
                }.ConnectionString,
            };
            await primary.SetAsync("synchronous_standby_names", "*");
            await Eventually.Async("the standby confirms commits", () => primary.AskAsync<bool>("select exists (select from pg_stat_replication where sync_state = 'sync')"));
            return pair;
        }
        catch
        {
            await primary.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the standby a primary.</summary>
    internal async Task PromoteAsync()
    {
        var cluster = await Standby.ClusterAsync();
        var promoted = await cluster.RunAsync(CancellationToken.None, cluster.Binaries.PgCtl, "promote", "--silent", "--wait");
        Assert.True(promoted.ExitCode == 0, promoted.Output);
    }

    /// <summary>Starts the former primary again, as if nothing had happened: it takes writes, and waits for no standby.</summary>
    internal async Task ReturnAsync()
    {
        await File.AppendAllTextAsync(Path.Combine(Primary.DataDirectory, "postgresql.auto.conf"), "synchronous_standby_names = ''\n");
        await Primary.RestartAsync();
        Assert.False(await Primary.AskAsync<bool>("select pg_is_in_recovery()"));
    }

    public async ValueTask DisposeAsync()
    {
        await Standby.DisposeAsync();
        await Primary.DisposeAsync();
    }

    private static string Listen(string port) => $"listen_addresses = '127.0.0.1'\nport = {port}";

    /// <summary>One of the server's tools that PATH may not link to, as it does to the server itself.</summary>
    private static string Tool(PostgresCluster cluster, string name)
    {
        var server = new FileInfo(cluster.Binaries.Postgres);
        var folder = Path.GetDirectoryName((server.ResolveLinkTarget(returnFinalTarget: true) ?? server).FullName)!;
        return Path.Combine(folder, name);
    }

    private static async Task<FaultyServer> CopyAsync(FaultyServer primary, PostgresCluster cluster, string port)
    {
        var folder = new ServerFolder();
        PrivatePath.CreateFolder(folder.DataDirectory);
        await cluster.Account.TakeAsync(folder.DataDirectory, CancellationToken.None);
        var address = new NpgsqlConnectionStringBuilder(primary.ConnectionString);
        var copied = await cluster.RunAsync(
            CancellationToken.None, Tool(cluster, "pg_basebackup"), "--pgdata", folder.DataDirectory, "--host", address.Host!,
            "--port", address.Port.ToString(CultureInfo.InvariantCulture), "--username", address.Username!, "--write-recovery-conf",
            "--checkpoint", "fast", "--no-sync");
        Assert.True(copied.ExitCode == 0, copied.Output);
        FaultyServer.Configure(folder.DataDirectory, Listen(port));
        return await FaultyServer.StartAsync(folder);
    }
}
