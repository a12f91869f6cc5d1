using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Idempotency;

/// <summary>Adds idempotency keys.</summary>
internal static class IdempotencySetup
{
    internal static IServiceCollection AddIdempotency(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IdempotencyOptions>().Bind(configuration.GetSection("Idempotency")).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<KeyStore>().AddSingleton<KeyLookups>();
    }
}
