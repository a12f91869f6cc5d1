using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// How many leads rules with caps have had today, those on their way to a commit included. Only a copy: the commit itself
/// refuses what goes over a cap.
/// </summary>
internal sealed class RuleCounts
{
    private readonly Dictionary<Guid, (DateOnly Day, int Assigned)> _counts = [];

    internal int Of(RoutingRule rule, DateOnly day) => _counts.TryGetValue(rule.Id, out var count) && count.Day == day ? count.Assigned : 0;

    internal void Set(Guid ruleId, DateOnly day, int assigned)
    {
        if (!_counts.TryGetValue(ruleId, out var count) || count.Day <= day)
        {
            _counts[ruleId] = (day, assigned);
        }
    }

    internal void Take(RoutingRule rule, DateOnly day) => Set(rule.Id, day, Of(rule, day) + 1);

    internal void GiveBack(RoutingRule rule, DateOnly day)
    {
        if (Of(rule, day) is > 0 and var assigned)
        {
            Set(rule.Id, day, assigned - 1);
        }
    }

    /// <summary>The database says that the day's leads are used up.</summary>
    internal void Fill(RoutingRule rule, DateOnly day) => Set(rule.Id, day, int.MaxValue / 2);

    internal void Forget(Guid ruleId) => _counts.Remove(ruleId);
}
