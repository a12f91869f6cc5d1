using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Calls the sweep once, as soon as this process can: from then on its reminder does.</summary>
internal sealed class CampaignSweepStart(IGrainFactory grains, StoreTurn turn, TimeProvider time, ILogger<CampaignSweepStart> log)
    : StoreDuty(turn, time, log)
{
    private bool _called;

    /// <inheritdoc/>
    protected override TimeSpan Pause => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override bool Done => _called;

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken stoppingToken)
    {
        await grains.GetGrain<ICampaignSweepGrain>(ICampaignSweepGrain.Key).StartAsync(stoppingToken);
        _called = true;
    }
}
