using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Gateway.Organizations;

/// <summary>An organization's limits as this gateway keeps them: what was set for it, and the defaults for the rest.</summary>
internal sealed record EffectiveLimits(int MaxInFlight, RequestQuota? Quota)
{
    internal static EffectiveLimits Of(OrganizationLimits set, GatewayOptions options, long frequency)
    {
        var rate = set.RequestsPerSecond ?? options.OrganizationRequestsPerSecond;
        var burst = set.Burst ?? (options.OrganizationBurst > 0 ? options.OrganizationBurst : rate);
        var inFlight = set.MaxInFlight
            ?? (options.OrganizationMaxInFlight > 0 ? options.OrganizationMaxInFlight : GatewayOptions.ShareOf(options.MaxInFlight));
        return new EffectiveLimits(inFlight, rate > 0 ? new RequestQuota(rate, burst, frequency) : null);
    }
}
