using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>The chance by which waits are spread: seeded where the setting says so.</summary>
internal sealed class CampaignRandom(IOptions<CampaignOptions> options)
{
    private readonly Lock _lock = new();
    private readonly Random _random = options.Value.Seed is { } seed ? new Random(seed) : new Random();

    /// <summary>0 to 1.</summary>
    internal double Next()
    {
        lock (_lock)
        {
            return _random.NextDouble();
        }
    }
}
