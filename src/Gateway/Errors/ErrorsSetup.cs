using LeadGrain.Gateway.Outbound;
using LeadGrain.GrainInterfaces.Outbound;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LeadGrain.Gateway.Errors;

/// <summary>Reporting errors to an error tracker.</summary>
public static class ErrorsSetup
{
    /// <summary>Adds <see cref="IErrorReporter"/>: to <c>SENTRY_DSN</c> when it is set, else one that does nothing.</summary>
    public static IServiceCollection AddErrorReporter(this IServiceCollection services, IConfiguration config)
    {
        var dsn = config["SENTRY_DSN"];
        if (string.IsNullOrWhiteSpace(dsn))
        {
            services.TryAddSingleton<IErrorReporter, NoErrorReporter>();
            return services;
        }
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<SentryOptions>()
            .Configure(options => Fill(options, dsn.Trim(), config))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton<ErrorsMetrics>();
        services.AddSingleton<SentryReporter>();
        services.AddSingleton<IErrorReporter>(provider => provider.GetRequiredService<SentryReporter>());
        services.AddHostedService(provider => provider.GetRequiredService<SentryReporter>());
        return services;
    }

    private static void Fill(SentryOptions options, string dsn, IConfiguration config)
    {
        options.Dsn = dsn;
        options.Release = config["SENTRY_RELEASE"] ?? $"leadgrain@{typeof(ErrorsSetup).Assembly.GetName().Version?.ToString(3)}";
        options.Environment = config["SENTRY_ENVIRONMENT"] ?? config["ASPNETCORE_ENVIRONMENT"]?.ToLowerInvariant() ?? options.Environment;
        options.AllowInsecure = OutboundAddress.Allows(config[OutboundAddress.AllowSetting]);
    }
}
