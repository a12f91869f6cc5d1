using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Outbound;

/// <summary>HTTP clients for calls to the outside.</summary>
internal static class OutboundSetup
{
    /// <summary>
    /// Adds a client that follows no redirects, for keys would go along, and logs nothing, for addresses hold keys and emails.
    /// Its calls bring their own time limits.
    /// </summary>
    internal static IServiceCollection AddOutboundClient(this IServiceCollection services, string name)
    {
        services.AddHttpClient(name, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                // A changed DNS record is seen within this time.
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            })
            .RemoveAllLoggers();
        return services;
    }
}
