using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Pipeline;
using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>Adds the routes of ingestion.</summary>
internal static class IngestionGatewaySetup
{
    internal static IServiceCollection AddIngestionRoutes(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IngestionGatewayOptions>()
            .Configure(options =>
            {
                options.CommitWait = configuration.GetValue("Ingestion:CommitWait", options.CommitWait);
                options.OpenOrganization = configuration["INGEST_ORGANIZATION"] ?? options.OpenOrganization;
                var origins = (configuration["CORS_ORIGINS"] ?? string.Empty)
                    .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Select(static origin => origin.TrimEnd('/'))
                    .ToArray();
                options.Origins = origins.Contains("*") ? [] : origins;
            })
            .Validate(static options => options.Origins.All(IsOrigin), "CORS_ORIGINS must be origins such as https://example.com, with commas, or *.")
            .Validate(static options => options.IsOpenOrganizationValid(), "INGEST_ORGANIZATION must be app/org, or empty.")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services.AddSingleton<CrossOrigin>().AddSingleton<LeadLog>().AddSingleton<LeadIntake>();
    }

    // As browsers send it: nothing behind the host and port.
    private static bool IsOrigin(string text) => text.Contains("://", StringComparison.Ordinal)
        && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0 && url.PathAndQuery == "/" && url.UserInfo.Length == 0;

    /// <summary>The route for leads: open where that is set, and to web pages.</summary>
    internal static void MapOpenIngestion(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var crossOrigin = services.GetRequiredService<CrossOrigin>();
        crossOrigin.MapPreflight(routes);
        var group = routes.MapGroup(string.Empty);
        group.MapIngestion();
        new SharedServices(services).Serve(group);

        // Each guard wraps those before it: shedding comes first, but for what web pages must be able to read in any answer.
        services.GetRequiredService<OrganizationShares>().Guard(group, areLimits: false);
        services.GetRequiredService<TenantGate>().Guard(group, services.GetRequiredService<IOptions<IngestionGatewayOptions>>().Value.Open);
        services.GetRequiredService<InFlightLimit>().Guard(group);
        services.GetRequiredService<LeadLog>().Guard(group);
        crossOrigin.Guard(group);
    }
}
