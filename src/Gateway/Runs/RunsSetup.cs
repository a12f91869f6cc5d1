using LeadGrain.Gateway.Outbound;
using LeadGrain.GrainInterfaces.Outbound;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Runs;

/// <summary>Reporting to the runs service.</summary>
public static class RunsSetup
{
    /// <summary>Adds <see cref="IRunReporter"/>: to <c>RUNS_SERVICE_URL</c> when it is set, else one that does nothing.</summary>
    public static IServiceCollection AddRunReporter(this IServiceCollection services, IConfiguration config)
    {
        var url = config["RUNS_SERVICE_URL"];
        if (string.IsNullOrWhiteSpace(url))
        {
            services.TryAddSingleton<IRunReporter, NoRunReporter>();
            return services;
        }
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<RunsOptions>()
            .Configure(options =>
            {
                options.Url = url.Trim();
                options.AllowInsecure = OutboundAddress.Allows(config[OutboundAddress.AllowSetting]);
            })
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton<RunsMetrics>();
        services.AddSingleton<RunReporter>();
        services.AddSingleton<IRunReporter>(provider => provider.GetRequiredService<RunReporter>());
        services.AddHostedService(provider => provider.GetRequiredService<RunReporter>());
        return services;
    }
}
