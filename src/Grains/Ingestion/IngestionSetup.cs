using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Adds ingestion.</summary>
internal static class IngestionSetup
{
    internal static IServiceCollection AddIngestion(this IServiceCollection services, IConfiguration configuration)
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
            .AddSingleton<PartitionStore>()
            .AddSingleton<RawLogStore>()
            .AddSingleton<IngestionMetrics>()
            .AddSingleton(new Normalizer(LeadNormalizer.Normalize))
            .AddSingleton<Settling>()
            .AddSingleton<IngestionCommits>()
            .AddHostedService<IngestionDuties>();
    }
}
