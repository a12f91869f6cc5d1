using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Health;
using LeadGrain.Grains;
using LeadGrain.Grains.Storage;
using Npgsql;
using Orleans.Configuration;
using Orleans.Serialization;

namespace LeadGrain.Silo;

/// <summary>Carries the grains in a cluster of silos. EmbeddedHost.cs is its counterpart.</summary>
internal static class GrainHost
{
    internal const string Name = "Orleans";

    private const string Postgres = "Npgsql";

    /// <summary>The migrations that this host needs.</summary>
    internal static IReadOnlyList<string> SqlFolders { get; } =
        [Migrator.DefaultFolder, Path.Combine(Migrator.DefaultFolder, "orleans")];

    internal static void AddGrainHost(this WebApplicationBuilder builder, string connectionString)
    {
        var cluster = ClusterSettings.Read(builder.Configuration);
        builder.Services.AddSingleton(cluster);
        builder.Services.AddSingleton<IHostFaults, ClusterFaults>();
        builder.Services.Configure<ExceptionSerializationOptions>(SendAllFaults);
        var shares = ConnectionShares.Of(connectionString);
        builder.Services.AddSingleton(_ => BuildStore(shares.Rest, "leadgrain-store"));
        builder.Services.AddKeyedSingleton(GrainsSetup.HotSource, (_, _) => BuildHotStore(connectionString, shares.Hot));
        builder.Services.AddKeyedSingleton(
            GrainsSetup.ListSource, (_, _) => DatabaseHosts.BuildSource(ShareOf(connectionString, "leadgrain-lists", shares.Lists)));
        KeepGrainKeysOutOfLogs(builder.Logging);
        var tables = TablesOf(connectionString);
        if (cluster.HasSilo)
        {
            builder.Services.AddSingleton(StoreTurn.Always);
            builder.Services.AddGrains(builder.Configuration);
            builder.Services.AddSingleton<IReadinessCheck, SiloCheck>();
            builder.Services.AddHostedService<StaleSilos>();
            builder.UseOrleans(silo => AddSilo(silo, cluster, tables));
        }
        else
        {
            builder.Services.AddPostKeeper(builder.Configuration);
            builder.Services.AddSingleton<ClusterLink>();
            builder.Services.AddSingleton<IReadinessCheck>(s => s.GetRequiredService<ClusterLink>());
            builder.UseOrleansClient(client => AddClient(client, cluster, tables));
        }

        if (!cluster.HasGateway)
        {
            builder.Services.AddSingleton<IStartupFilter, HealthAndMetricsOnly>();
        }
    }

    /// <summary>
    /// For Orleans's own tables: a pool apart, so that a busy store never holds the heartbeat up, and a small one. Heartbeats,
    /// reminders and small states are some statements a second, and two silos must fit into a server's default of 100.
    /// </summary>
    internal static string TablesOf(string connectionString)
    {
        const int Most = 6;
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "leadgrain-cluster", MinPoolSize = 0 };
        settings.MaxPoolSize = Math.Min(settings.MaxPoolSize, Most);
        return settings.ConnectionString;
    }

    private static NpgsqlDataSource BuildStore(string connectionString, string name)
        => DatabaseHosts.BuildSource(new NpgsqlDataSourceBuilder(connectionString) { Name = name });

    private static NpgsqlDataSource BuildHotStore(string connectionString, int connections)
    {
        var builder = ShareOf(connectionString, "leadgrain-hot", connections);
        builder.UsePhysicalConnectionInitializer(
            static _ => throw new NotSupportedException("These connections are opened asynchronously only."), HotSessionSetup.ApplyAsync);
        return DatabaseHosts.BuildSource(builder);
    }

    private static NpgsqlDataSourceBuilder ShareOf(string connectionString, string name, int connections)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
        (builder.ConnectionStringBuilder.MinPoolSize, builder.ConnectionStringBuilder.MaxPoolSize) = (0, connections);
        return builder;
    }

    private static void AddSilo(ISiloBuilder silo, ClusterSettings cluster, string tables)
    {
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Postgres, tables));
        silo.UseAdoNetReminderService(options => (options.Invariant, options.ConnectionString) = (Postgres, tables));
        silo.AddAdoNetGrainStorageAsDefault(options => options.Configure(
            storage => (storage.Invariant, storage.ConnectionString) = (Postgres, tables)));
        silo.Configure<ClusterOptions>(cluster.Name);
        silo.Configure<ClusterMembershipOptions>(DetectDeathSoon);
        silo.Configure<SiloMessagingOptions>(options => Configure(options, cluster));
        silo.Configure<EndpointOptions>(options =>
        {
            (options.SiloPort, options.GatewayPort) = (cluster.SiloPort, cluster.GatewayPort);
            if (cluster.Address is { } address)
            {
                options.AdvertisedIPAddress = address;
            }
        });
    }

    private static void AddClient(IClientBuilder client, ClusterSettings cluster, string tables)
    {
        client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Postgres, tables));
        client.Configure<ClusterOptions>(cluster.Name);
        client.Configure<ClientMessagingOptions>(options => Configure(options, cluster));
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
        client.AddGatewayCountChangedHandler(s => s.GetRequiredService<ClusterLink>().OnGatewayCountChanged);
        client.UseConnectionRetryFilter(async (_, cancellationToken) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            return true;
        });
    }

    private static void Configure(MessagingOptions options, ClusterSettings cluster)
    {
        options.ResponseTimeout = cluster.ResponseTimeout;

        // A pull that is told to stop waiting may have a lead on its way: what the grain says to that is waited for.
        options.WaitForCancellationAcknowledgement = true;
    }

    /// <summary>A killed silo's grains answer again after about a second, where the defaults take six to fourteen.</summary>
    private static void DetectDeathSoon(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 2;
        options.NumVotesForDeathDeclaration = 1; // two silos must be able to lose one of them
        options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        options.IAmAliveTablePublishTimeout = ClusterSettings.Heartbeat;
        options.NumMissedTableIAmAliveLimit = ClusterSettings.MissedHeartbeats;
    }

    /// <summary>
    /// Lets exceptions of every kind travel between silos, by name and message where they have no serializer: of one that cannot travel
    /// the caller would be told that only.
    /// </summary>
    internal static void SendAllFaults(ExceptionSerializationOptions options) => options.SupportedExceptionTypeFilter = static _ => true;

    // Orleans's messages name grains by their keys, and some keys are emails; Polly, by which Orleans places grains, quotes them.
    private static void KeepGrainKeysOutOfLogs(ILoggingBuilder logging)
    {
        logging.AddFilter("Polly", LogLevel.None);
        logging.AddFilter("Orleans", LogLevel.None);
        logging.AddFilter("Orleans.Runtime.MembershipService", LogLevel.Warning);
    }

    private sealed class SiloCheck(ISiloStatusOracle silo) : IReadinessCheck
    {
        public string Name => "host";

        public ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
            => ValueTask.FromResult(new Readiness(silo.CurrentStatus == SiloStatus.Active, $"silo {silo.CurrentStatus}".ToLowerInvariant()));
    }
}
