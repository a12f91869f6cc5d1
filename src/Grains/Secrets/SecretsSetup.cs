using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Secrets;

/// <summary>Adds the keeping of organizations' secrets.</summary>
internal static class SecretsSetup
{
    internal static IServiceCollection AddSecrets(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SecretOptions>()
            .Bind(configuration.GetSection("Secrets"))
            .Configure(options => options.Keys = configuration.GetValue("SECRET_KEYS", options.Keys) ?? "")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services
            .AddSingleton<SecretBox>()
            .AddSingleton<SecretStore>()
            .AddSingleton<SecretMetrics>()
            .AddSingleton<SecretRotation>()
            .AddHostedService(static s => s.GetRequiredService<SecretRotation>());
    }
}
