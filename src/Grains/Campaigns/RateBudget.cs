using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Campaigns;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Waits for permits of the <see cref="IRateBudgetGrain"/> of a key.</summary>
internal sealed class RateBudget(IGrainFactory grains, IOptions<CampaignOptions> options, TimeProvider time)
{
    // From the permit to the request's start, and from its end to our word of it.
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(5);

    /// <summary>The grain of a service's key; its own key tells nothing of that one.</summary>
    internal IRateBudgetGrain Of(Uri service, string apiKey) => grains.GetGrain<IRateBudgetGrain>(
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{service.AbsoluteUri}\n{apiKey}"))));

    /// <summary>Waits for a permit.</summary>
    /// <returns>The permit, or how long it would still take: more than a batch waits.</returns>
    internal async Task<RatePermit> WaitAsync(IRateBudgetGrain budget, CampaignKey campaign, IEnumerable<RateLimit> limits, CancellationToken cancellationToken)
    {
        var set = options.Value;
        ImmutableArray<RateLimit> safe = [.. limits.Select(limit => limit with { Window = limit.Window + set.RateMargin })];
        var start = time.GetTimestamp();
        while (true)
        {
            var permit = await budget.TakeAsync(campaign.GrainKey, safe, set.CallTimeout + s_slack, cancellationToken);
            if (permit.Id is not null || time.GetElapsedTime(start) + permit.Wait > set.LongestRateWait)
            {
                return permit;
            }

            await Task.Delay(permit.Wait, time, cancellationToken);
        }
    }
}
