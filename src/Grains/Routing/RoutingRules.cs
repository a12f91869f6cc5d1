using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>Finds the rule for a lead. Pure: the same lead, rules, time and counts have the same winner, in whatever order the rules come.</summary>
internal static class RoutingRules
{
    /// <summary>The winner, and what every rule was to the lead.</summary>
    /// <param name="lead">The lead.</param>
    /// <param name="rules">The organization's, in any order.</param>
    /// <param name="now">For active hours and days.</param>
    /// <param name="counts">How many leads a rule has had on a day.</param>
    /// <param name="campaignFullAt">The daily cap of a rule's campaign where that is reached; null where not.</param>
    internal static RouteMatch Match(
        RuleInput lead,
        IReadOnlyList<RoutingRule> rules,
        DateTimeOffset now,
        Func<RoutingRule, DateOnly, int> counts,
        Func<RoutingRule, int?>? campaignFullAt = null)
    {
        var ordered = Order(rules);
        var winner = Winner(lead, ordered, now, counts, campaignFullAt);
        var refusals = ordered.Select(rule => Refusal(lead, rule, now, counts, campaignFullAt)).ToArray();
        var matching = ordered.Where((rule, i) => refusals[i] is null && rule.Definition.Priority == winner?.Definition.Priority).ToArray();
        var isSplit = matching.Length > 1 && IsSplit(matching);
        var verdicts = ordered.Select((rule, i) =>
        {
            var fate = rule.Id == winner?.Id ? RuleFate.Won
                : refusals[i] ?? (isSplit && matching.Contains(rule) ? RuleFate.OutsideItsShare : RuleFate.Outranked);
            var reason = fate == RuleFate.CampaignCapReached
                ? string.Create(CultureInfo.InvariantCulture, $"The campaign has had its {campaignFullAt?.Invoke(rule)} leads of the day.")
                : fate == RuleFate.Won && isSplit ? "The split by weights among the matches of the highest priority chose it."
                : Explain(fate, lead, rule.Definition);
            return new RuleVerdict(rule, fate, reason);
        });
        return new RouteMatch(winner, [.. verdicts]);
    }

    /// <summary>The order in which rules are asked.</summary>
    internal static ImmutableArray<RoutingRule> Order(IEnumerable<RoutingRule> rules)
        => [.. rules.OrderByDescending(static rule => rule.Definition.Priority).ThenBy(static rule => rule.Position)];

    /// <summary>The winner alone, as <see cref="Match"/> has it.</summary>
    /// <param name="lead">The lead.</param>
    /// <param name="ordered">The rules, by <see cref="Order"/>.</param>
    /// <param name="now">For active hours and days.</param>
    /// <param name="counts">How many leads a rule has had on a day.</param>
    /// <param name="campaignFullAt">The daily cap of a rule's campaign where that is reached; null where not.</param>
    internal static RoutingRule? Winner(
        RuleInput lead,
        ImmutableArray<RoutingRule> ordered,
        DateTimeOffset now,
        Func<RoutingRule, DateOnly, int> counts,
        Func<RoutingRule, int?>? campaignFullAt = null)
    {
        for (var start = 0; start < ordered.Length;)
        {
            var end = start + 1;
            while (end < ordered.Length && ordered[end].Definition.Priority == ordered[start].Definition.Priority)
            {
                end++;
            }

            if (WinnerOf(lead, ordered.AsSpan()[start..end], now, counts, campaignFullAt) is { } winner)
            {
                return winner;
            }

            start = end;
        }

        return null;
    }

    // Of rules of one priority: the oldest, or, where any of them has a weight, the one that the lead's email draws.
    private static RoutingRule? WinnerOf(
        RuleInput lead,
        ReadOnlySpan<RoutingRule> rules,
        DateTimeOffset now,
        Func<RoutingRule, DateOnly, int> counts,
        Func<RoutingRule, int?>? campaignFullAt)
    {
        RoutingRule? oldest = null, drawn = null;
        var best = double.PositiveInfinity;
        var split = false;
        foreach (var rule in rules)
        {
            if (Refusal(lead, rule, now, counts, campaignFullAt) is not null)
            {
                continue;
            }

            oldest ??= rule;
            split |= rule.Definition.Weight is not null;
            var draw = Draw(lead.Lot, rule);
            if (draw < best)
            {
                (drawn, best) = (rule, draw);
            }
        }

        return split ? drawn : oldest;
    }

    /// <summary>What keeps a rule from taking a lead, whatever the others say; null where nothing does.</summary>
    private static RuleFate? Refusal(
        RuleInput lead,
        RoutingRule rule,
        DateTimeOffset now,
        Func<RoutingRule, DateOnly, int> counts,
        Func<RoutingRule, int?>? campaignFullAt)
    {
        var definition = rule.Definition;
        return !definition.Enabled ? RuleFate.Disabled
            : !IsFor(definition.Persona, lead.Persona) ? RuleFate.OtherPersona
            : lead.Score < definition.MinScore ? RuleFate.ScoreTooLow
            : FailedCondition(lead, definition) is not null ? RuleFate.ConditionFailed
            : Closure(rule, now, counts, campaignFullAt);
    }

    /// <summary>What keeps a rule from taking any lead now, although it is switched on; null where nothing does.</summary>
    internal static RuleFate? Closure(
        RoutingRule rule, DateTimeOffset now, Func<RoutingRule, DateOnly, int> counts, Func<RoutingRule, int?>? campaignFullAt)
    {
        var definition = rule.Definition;
        return definition.ActiveHours is { } hours && !ActiveClock.IsOpen(hours, now) ? RuleFate.OutsideActiveHours
            : definition.DailyCap is { } cap && counts(rule, ActiveClock.DayOf(definition, now)) >= cap ? RuleFate.CapReached
            : campaignFullAt?.Invoke(rule) is not null ? RuleFate.CampaignCapReached
            : null;
    }

    private static bool IsFor(string persona, string? of)
        => persona == RuleDefinition.AnyPersona || string.Equals(persona, of?.Trim(), StringComparison.OrdinalIgnoreCase);

    private static RuleCondition? FailedCondition(RuleInput lead, RuleDefinition rule)
    {
        foreach (var condition in rule.Conditions)
        {
            if (!lead.Satisfies(condition))
            {
                return condition;
            }
        }

        return null;
    }

    private static bool IsSplit(RoutingRule[] matching) => Array.Exists(matching, static rule => rule.Definition.Weight is not null);

    private static string Explain(RuleFate fate, RuleInput lead, RuleDefinition rule) => fate switch
    {
        RuleFate.Won => "The first match by priority.",
        RuleFate.Outranked => "It matches, but the winner comes first.",
        RuleFate.OutsideItsShare => "It matches, but the split by weights chose another rule of this priority.",
        RuleFate.Disabled => "The rule is switched off.",
        RuleFate.OtherPersona => "The rule is for another persona.",
        RuleFate.ScoreTooLow => string.Create(CultureInfo.InvariantCulture, $"The score is {lead.Score}, less than {rule.MinScore}."),
        RuleFate.ConditionFailed => $"The condition on {FailedCondition(lead, rule)?.Path} does not hold.",
        RuleFate.OutsideActiveHours => $"The rule takes no leads at this hour in {rule.ActiveHours?.TimeZone}.",
        _ => string.Create(CultureInfo.InvariantCulture, $"The rule has had its {rule.DailyCap} leads of the day."),
    };

    // Rendezvous hashing with weights: each rule draws an exponential time at its rate, and the first wins. A rule that comes or
    // goes moves no lead between the others.
    private static double Draw(Guid lot, RoutingRule rule)
    {
        Span<byte> both = stackalloc byte[32];
        lot.TryWriteBytes(both);
        rule.Id.TryWriteBytes(both[16..]);
        var hash = XxHash64.HashToUInt64(both);
        var uniform = ((hash >> 11) + 0.5) / (1UL << 53); // strictly between 0 and 1
        return -Math.Log(uniform) / (rule.Definition.Weight ?? 1);
    }
}

/// <summary>Which rule a lead goes by.</summary>
/// <param name="Winner">Null where none matches.</param>
/// <param name="Verdicts">Of every rule, in the order in which they are asked.</param>
internal sealed record RouteMatch(RoutingRule? Winner, ImmutableArray<RuleVerdict> Verdicts);
