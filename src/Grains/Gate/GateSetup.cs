using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Gate;

/// <summary>Adds the health gate.</summary>
internal static class GateSetup
{
    internal static IServiceCollection AddGate(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<GateOptions>()
            .Bind(configuration.GetSection("Gate"))
            .Configure(options => options.Dns = configuration.GetValue("GATE_DNS", options.Dns))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services
            .AddSingleton<GateMetrics>()
            .AddSingleton<GateStore>()
            .AddSingleton<SuppressionStore>()
            // Half of the lead's wait each, so that a second server gets its turn.
            .AddSingleton<IDnsResolver>(static s => new DnsResolver([], s.GetRequiredService<IOptions<GateOptions>>().Value.DnsTimeout / 2))
            .AddSingleton<MailHostCache>()
            .AddSingleton<IMailHosts>(static s => s.GetRequiredService<IOptions<GateOptions>>().Value.Dns
                ? s.GetRequiredService<MailHostCache>()
                : new NoMailHosts());
    }
}
