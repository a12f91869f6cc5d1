using LeadGrain.GrainInterfaces.Outbound;
using LeadGrain.Grains.Outbound;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LeadGrain.Grains.Enrichment;

/// <summary>Adds the enrichment of emails.</summary>
public static class EnrichmentSetup
{
    /// <summary>
    /// Adds it, set up from the section Enrichment and from APOLLO_SERVICE_URL, APOLLO_SERVICE_API_KEY and
    /// ALLOW_INSECURE_OUTBOUND. Start-up fails where they are wrong. Needs an NpgsqlDataSource.
    /// </summary>
    public static IServiceCollection AddEnrichment(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<EnrichmentOptions>()
            .Bind(configuration.GetSection(EnrichmentOptions.Section))
            .Configure(options => ReadVariables(options, configuration))
            .ValidateDataAnnotations()
            .ValidateOnStart();

        services.AddOutboundClient(ApolloProvider.Client);
        services.AddSingleton<IEnrichmentProvider, ApolloProvider>();
        services.AddSingleton<EnrichmentMetrics>();
        services.AddSingleton<EnrichmentStore>();
        services.AddSingleton<ProviderLine>();
        services.AddSingleton<EmailEnrichments>();
        return services;
    }

    private static void ReadVariables(EnrichmentOptions options, IConfiguration configuration)
    {
        if (configuration["APOLLO_SERVICE_URL"] is { } url && !string.IsNullOrWhiteSpace(url))
        {
            // What cannot be read as an absolute address is kept, for validation to object to.
            options.ApolloUrl = new Uri(url.Trim(), UriKind.RelativeOrAbsolute);
        }

        if (configuration["APOLLO_SERVICE_API_KEY"] is { } key && !string.IsNullOrWhiteSpace(key))
        {
            options.ApolloKey = key.Trim();
        }

        options.AllowInsecureOutbound |= OutboundAddress.Allows(configuration[OutboundAddress.AllowSetting]);
    }
}
