using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Gateway.Metrics;

/// <summary>What <c>/metrics</c> shows.</summary>
public sealed class PrometheusOptions
{
    /// <summary>Names of meters; each covers the names below it too (<c>LeadGrain</c>: <c>LeadGrain.Buffer</c>).</summary>
    public IReadOnlyList<string> Meters { get; set; } = MetricsSetup.MeterNames;

    /// <summary>Tag sets kept per instrument; further ones are counted together under <c>otel_metric_overflow="true"</c>.</summary>
    public int SeriesPerInstrument { get; set; } = 1000; // OpenTelemetry's default is 2000; a scrape should stay below a few MB
}

/// <summary>Prometheus metrics.</summary>
public static class MetricsSetup
{
    /// <summary>The meters that LeadGrain shows: its own and .NET's built-in ones.</summary>
    public static IReadOnlyList<string> MeterNames { get; } =
    [
        "LeadGrain", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql",
    ];

    /// <summary>Adds the exporter behind <see cref="MapMetrics"/>.</summary>
    public static IServiceCollection AddPrometheus(this IServiceCollection services, Action<PrometheusOptions>? configure = null)
    {
        var options = new PrometheusOptions();
        configure?.Invoke(options);
        services.AddMetrics();
        services.AddSingleton(provider => new PrometheusExporter(
            provider.GetRequiredService<IMeterFactory>(), options, provider.GetRequiredService<ILogger<PrometheusExporter>>()));
        return services;
    }

    /// <summary>Maps GET /metrics, and starts listening, so that nothing measured before the first scrape is lost.</summary>
    public static IEndpointConventionBuilder MapMetrics(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<PrometheusExporter>();
        return routes.MapGet("/metrics", Scrape).WithName("Metrics").WithSummary("Metrics in Prometheus text");
    }

    private static ContentHttpResult Scrape(PrometheusExporter exporter, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Text(exporter.Scrape(), PrometheusText.ContentType);
    }
}
