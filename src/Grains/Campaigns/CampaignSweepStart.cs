using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Hosting;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Calls the sweep once, as soon as this process can: from then on its reminder does.</summary>
internal sealed class CampaignSweepStart(IGrainFactory grains, StoreTurn turn, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await turn.WaitAsync(stoppingToken);
                await Task.Delay(s_pause, time, stoppingToken);
                await grains.GetGrain<ICampaignSweepGrain>(ICampaignSweepGrain.Key).StartAsync(stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A host that still starts, a database that is away: tried again until it works.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
