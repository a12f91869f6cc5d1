using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Enrichment;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Grains.Leases;
using LeadGrain.Grains.Routing;
using LeadGrain.Grains.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LeadGrain.Grains;

/// <summary>
/// Makes the metrics of all grains as the process starts. A counter that came up with the first grain that counts would show no rise to
/// an alert that watches for one.
/// </summary>
internal sealed class EarlyMetrics(IServiceProvider services) : IHostedService
{
    private static readonly Type[] s_metrics =
    [
        typeof(BufferMetrics), typeof(CampaignMetrics), typeof(EnrichmentMetrics), typeof(GateMetrics), typeof(IngestionMetrics),
        typeof(LeaseMetrics), typeof(RoutingMetrics), typeof(SecretMetrics),
    ];

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Array.ForEach(s_metrics, metrics => services.GetRequiredService(metrics));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
