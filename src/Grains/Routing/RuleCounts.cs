using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// How many leads rules with caps have had on their days, those on their way to a commit included. Only a copy: the commit itself
/// refuses what goes over a cap.
/// </summary>
internal sealed class RuleCounts
{
    // A change of zone, or of the clock, moves a rule's day by two at most; what is older is over in every zone.
    private const int KeptDays = 2;

    private readonly Dictionary<Guid, SortedList<DateOnly, int>> _counts = [];

    internal int Of(RoutingRule rule, DateOnly day) => _counts.TryGetValue(rule.Id, out var days) ? days.GetValueOrDefault(day) : 0;

    /// <summary>Takes over what is stored.</summary>
    internal void Reset(IEnumerable<(Guid RuleId, DateOnly Day, int Assigned)> stored)
    {
        _counts.Clear();
        foreach (var (ruleId, day, assigned) in stored)
        {
            Set(ruleId, day, assigned);
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
    internal void Fill(RoutingRule rule, DateOnly day) => Set(rule.Id, day, Math.Max(Of(rule, day), rule.Definition.DailyCap ?? 0));

    private void Set(Guid ruleId, DateOnly day, int assigned)
    {
        if (!_counts.TryGetValue(ruleId, out var days))
        {
            _counts[ruleId] = days = [];
        }

        days[day] = assigned;
        while (days.GetKeyAtIndex(0) < day.AddDays(-KeptDays))
        {
            days.RemoveAt(0);
        }
    }
}
