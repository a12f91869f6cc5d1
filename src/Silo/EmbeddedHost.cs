using LeadGrain.Embedded.Hosting;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Health;
using LeadGrain.Grains;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Silo;

/// <summary>Carries the grains in this process: the default build. OrleansHost.cs is its counterpart.</summary>
internal static class GrainHost
{
    internal const string Name = "embedded";

    /// <summary>The migrations that this host needs.</summary>
    internal static IReadOnlyList<string> SqlFolders { get; } = [Migrator.DefaultFolder];

    internal static void AddGrainHost(this WebApplicationBuilder builder, string connectionString)
    {
        var shares = ConnectionShares.Of(connectionString);
        builder.Services.AddEmbeddedHost(options =>
        {
            // First: nothing in the section takes the store to another database than everything else.
            builder.Configuration.GetSection("EmbeddedHost").Bind(options);
            options.ConnectionString = shares.Rest;
            options.BuildSource = DatabaseHosts.BuildSource;
            options.GrainAssemblies.Add(typeof(GrainsSetup).Assembly);
        });
        builder.Services.AddGrains(builder.Configuration);
        builder.Services.AddSingleton(static services => new StoreTurn(services.GetRequiredService<EmbeddedHostStatus>().OwnerAsync));
        builder.Services.AddKeyedSingleton(GrainsSetup.HotSource, (services, _) => EmbeddedHosting.BuildOwned(
            services, "leadgrain-hot", shares.Hot, HotSessionSetup.ApplyAsync));
        builder.Services.AddKeyedSingleton(
            GrainsSetup.ListSource, (services, _) => EmbeddedHosting.BuildOwned(services, "leadgrain-lists", shares.Lists));
        builder.Services.AddKeyedSingleton(GrainsSetup.KeeperSource, static (services, _) => EmbeddedHosting.BuildUnowned(services, "leadgrain-keeper"));
        builder.Services.AddSingleton<LatestPrimary>();
        builder.Services.AddOptions<EmbeddedHostOptions>().Configure<LatestPrimary>((options, latest) => options.FindHost = latest.FindAsync);
        builder.Services.AddSingleton<IReadinessCheck, OwnerCheck>();
        builder.Services.AddSingleton<IHostFaults, EmbeddedFaults>();
    }

    /// <summary>Ready means owner: a standby answers 503 until it takes over.</summary>
    private sealed class OwnerCheck(EmbeddedHostStatus status) : IReadinessCheck
    {
        public string Name => "host";

        public ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
            => ValueTask.FromResult(new Readiness(status.IsOwner, status.Word));
    }

    private sealed class EmbeddedFaults : IHostFaults
    {
        public bool NothingWasDone(Exception exception) => exception is NotOwnerException { NothingWasDone: true };

        public bool OutcomeIsUnknown(Exception exception) => exception is NotOwnerException;

        // A state that is read or written as it is: what grains ask of the database themselves they guard.
        public bool StorageFailed(Exception exception) => exception is not TimeoutException && StorageFaults.IsUnavailable(exception);
    }
}
