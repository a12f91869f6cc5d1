using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// Where one lead cannot go any more, because its commit has met a cap. Each refusal closes at least the rule that was chosen, so
/// a lead is decided on at most once more than there are rules.
/// </summary>
internal sealed class ClosedTargets
{
    private readonly HashSet<Guid> _rules = [];
    private readonly HashSet<string> _campaigns = new(StringComparer.Ordinal);

    internal bool Has(RoutingRule rule) => _rules.Contains(rule.Id);

    internal bool HasCampaign(RoutingRule rule) => rule.Definition.Target.CampaignId is { } campaign && _campaigns.Contains(campaign);

    internal void Close(RoutingRule rule, bool wholeCampaign)
    {
        if (wholeCampaign)
        {
            _campaigns.Add(rule.Definition.Target.CampaignId!);
        }
        else
        {
            _rules.Add(rule.Id);
        }
    }
}
