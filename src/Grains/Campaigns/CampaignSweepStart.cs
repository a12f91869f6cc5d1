using LeadGrain.GrainInterfaces.Campaigns;
using Microsoft.Extensions.Hosting;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Calls the sweep once, as soon as this process can: from then on its reminder does.</summary>
internal sealed class CampaignSweepStart(IGrainFactory grains, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await grains.GetGrain<ICampaignSweepGrain>(ICampaignSweepGrain.Key).StartAsync(stoppingToken);
                return;
            }
#pragma warning disable CA1031 // A standby, a host that still starts, a database that is away: tried again until it works.
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                await Task.Delay(s_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
