using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Routing;

/// <summary>Adds routing.</summary>
internal static class RoutingSetup
{
    internal static IServiceCollection AddRouting(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RoutingOptions>()
            .Bind(configuration.GetSection("Routing"))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services
            .AddSingleton<RuleStore>()
            .AddSingleton<CapStore>()
            .AddSingleton<DeliveryStore>()
            .AddSingleton<RoutedLeadStore>()
            .AddSingleton<RoutingCommits>()
            .AddSingleton<RoutingMetrics>()
            .AddSingleton<SharedRouting>()
            .AddHostedService<RoutingStart>();
    }
}
