using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Adds ingestion.</summary>
internal static class IngestionSetup
{
    internal static IServiceCollection AddIngestion(this IServiceCollection services, IConfiguration configuration)
        => services
            .AddKeeper(configuration)
            .AddSingleton<PartitionStore>()
            .AddSingleton<RawLogStore>()
            .AddHostedService<IngestionDuties>();

    /// <summary>Adds what commits posts and makes leads of them, for a process without grains too.</summary>
    internal static IServiceCollection AddKeeper(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IngestionOptions>()
            .Bind(configuration.GetSection("Ingestion"))
            .Configure(options => options.RetentionDays = configuration.GetValue("RAW_RETENTION", options.RetentionDays))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services
            .AddSingleton<RawStore>()
            .AddSingleton<SettleStore>()
            .AddSingleton<OpenStore>()
            .AddSingleton<IngestionMetrics>()
            .AddSingleton(new Normalizer(LeadNormalizer.Normalize))
            .AddSingleton<Settling>()
            .AddSingleton<IngestionCommits>()
            .AddKeyedSingleton(GrainsSetup.KeeperSource, static (s, key) => ActivatorUtilities.CreateInstance<HotSessions>(
                s, s.GetRequiredKeyedService<NpgsqlDataSource>(key)))
            .AddSingleton<IPostKeeper>(MakeKeeper);
    }

    private static PostKeeper MakeKeeper(IServiceProvider services)
    {
        if (services.GetKeyedService<NpgsqlDataSource>(GrainsSetup.KeeperSource) is null)
        {
            return ActivatorUtilities.CreateInstance<PostKeeper>(services);
        }

        var sessions = services.GetRequiredKeyedService<HotSessions>(GrainsSetup.KeeperSource);
        var raw = new RawStore(sessions);
        var settling = ActivatorUtilities.CreateInstance<Settling>(services, raw, new SettleStore(sessions), new OpenStore(sessions));
        return ActivatorUtilities.CreateInstance<PostKeeper>(services, raw, ActivatorUtilities.CreateInstance<IngestionCommits>(services, raw, settling));
    }
}
