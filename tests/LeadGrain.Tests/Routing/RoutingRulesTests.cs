using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Routing;
using static LeadGrain.Tests.Routing.RuleMaker;

namespace LeadGrain.Tests.Routing;

public sealed class RoutingRulesTests
{
    private static readonly DateTimeOffset s_noon = new(2030, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<RoutingRule[]> s_rules =
        from specs in Gen.Choose(0, 9999).Select(n => (Priority: n % 4, Persona: n / 4 % 3, Score: n / 12 % 4, Cap: n / 48 % 3, Weight: n / 144 % 4, Off: n / 576 % 5)).ArrayOf()
        select specs.Select((s, i) => Rule(
            i + 1, s.Priority, s.Persona switch { 0 => "*", 1 => "VP Sales", _ => "CEO" }, s.Score * 25, s.Cap == 0 ? 5 : null,
            s.Weight == 0 ? null : s.Weight, s.Off > 0)).ToArray();

    // Minutes from UTC in January, when all samples come.
    private static readonly Dictionary<string, int> s_zones = new() { ["Europe/Berlin"] = 60, ["Asia/Kolkata"] = 330, ["America/New_York"] = -300 };

    private static readonly Dictionary<RuleCondition, Func<Sample, bool>> s_conditions = new()
    {
        [Where("country", ConditionOperator.Equals, Text("de"))] = sample => sample.Country == "DE",
        [Where("country", ConditionOperator.In, Text("DE"), Text("FR"))] = sample => sample.Country is "DE" or "FR",
        [Where("country", ConditionOperator.Contains, Text("r"))] = sample => sample.Country == "FR",
        [Where("country", ConditionOperator.Exists, Truth(false))] = sample => sample.Country is null,
        [Where("company.size", ConditionOperator.Exists, Truth(true))] = sample => sample.Size is not null,
        [Where("company.size", ConditionOperator.Equals, Number("50.0"))] = sample => sample.Size == 50,
        [Where("company.size", ConditionOperator.Gt, Number("50"))] = sample => sample.Size > 50,
        [Where("company.size", ConditionOperator.Gte, Number("50"))] = sample => sample.Size >= 50,
        [Where("company.size", ConditionOperator.Lt, Number("50"))] = sample => sample.Size < 50,
        [Where("company.size", ConditionOperator.Lte, Number("50"))] = sample => sample.Size <= 50,
    };

    private static readonly Gen<Sample> s_samples =
        from country in Gen.Elements("DE", "FR", "IT", null)
        from size in Gen.Elements<int?>(49, 50, 51, null)
        from halfHours in Gen.Choose(0, 14 * 48)
        select new Sample(country, size, s_noon.AddMinutes(halfHours * 30));

    private static readonly Gen<RuleDefinition> s_limits =
        from count in Gen.Choose(0, 2)
        from conditions in Gen.Elements<RuleCondition>(s_conditions.Keys).ArrayOf(count)
        from zone in Gen.Elements<string>(s_zones.Keys)
        from days in Gen.SubListOf(Enum.GetValues<DayOfWeek>())
        from opens in Gen.Choose(0, 47)
        from closes in Gen.Choose(0, 48)
        from always in Gen.Elements(true, false)
        from campaign in Gen.Elements("full", "open", "uncapped", null)
        let hours = always ? null : new ActiveHours(zone, [.. days], opens * 30, closes * 30)
        select Rule(0, hours: hours, conditions: conditions).Definition with { Target = new RuleTarget(campaign, campaign is null ? "buffer" : null) };

    private static readonly Gen<RoutingRule[]> s_limitedRules =
        from rules in s_rules
        from limits in s_limits.ArrayOf(rules.Length)
        from isSplit in Gen.Elements(true, false)
        select rules.Zip(limits, (rule, limit) => rule with
        {
            Definition = rule.Definition with
            {
                Target = limit.Target, Conditions = limit.Conditions, ActiveHours = limit.ActiveHours, Weight = isSplit ? rule.Definition.Weight : null,
            },
        }).ToArray();

    [Theory]
    [InlineData("VP Sales", 85d, "1")]
    [InlineData("vp sales", 80d, "1")]
    [InlineData("VP SALES ", 79.9, "2")]
    [InlineData("Marketing Manager", 75d, "3")]
    [InlineData("Marketing Manager", 69d, null)]
    [InlineData("VP", 100d, null)]
    [InlineData(null, 100d, null)]
    [InlineData("VP Sales", null, null)]
    public void The_seeds_rules_route_as_it_says(string? persona, double? score, string? campaign)
    {
        using var lead = Lead(persona, score);

        var winner = lead.Winner(
            s_noon, NoCounts, Rule(1, 100, "VP Sales", 80), Rule(2, 90, "VP Sales", 60), Rule(3, 80, "Marketing Manager", 70));

        Assert.Equal(campaign, winner?.Definition.Target.CampaignId);
    }

    [Fact]
    public void Of_equal_priorities_the_oldest_wins_and_each_other_rule_is_told_why_not()
    {
        using var lead = Lead("CEO", 50, """{"country":"DE"}""");
        var rules = new[]
        {
            Rule(4, 1), Rule(3, 1), Rule(5, 2, minScore: 51), Rule(6, 3, "CTO"), Rule(7, 9, enabled: false), Rule(8, 8, cap: 3),
            Rule(9, 7, conditions: Where("country", ConditionOperator.Equals, Text("FR"))),
            Rule(10, 6, hours: new ActiveHours("UTC", [.. Enum.GetValues<DayOfWeek>()], 0, 60)),
        };

        var match = RoutingRules.Match(lead, rules, s_noon, (rule, _) => rule.Position == 8 ? 3 : 0);

        Assert.Equal(3, match.Winner!.Position);
        Assert.Equal(
            [
                (7L, RuleFate.Disabled), (8L, RuleFate.CapReached), (9L, RuleFate.ConditionFailed), (10L, RuleFate.OutsideActiveHours),
                (6L, RuleFate.OtherPersona), (5L, RuleFate.ScoreTooLow), (3L, RuleFate.Won), (4L, RuleFate.Outranked),
            ],
            match.Verdicts.Select(v => (v.Rule.Position, v.Fate)));
        Assert.All(match.Verdicts, v => Assert.False(string.IsNullOrEmpty(v.Reason)));
    }

    [Fact]
    public void The_winner_is_a_match_of_the_highest_priority_and_without_weights_the_oldest_of_them()
    {
        var rooms = new CampaignRooms();
        rooms.Reset([new CampaignRoom("full", 5, default, 5), new CampaignRoom("open", 5, default, 4)]);
        var property = Prop.ForAll(Arb.From(s_limitedRules), Arb.From(s_samples), (rules, sample) =>
        {
            using var lead = Lead("VP Sales", 50, JsonSerializer.Serialize(new { country = sample.Country, company = new { size = sample.Size } }));
            var match = RoutingRules.Match(lead, rules, sample.At, FullOnEvenDays, rule => rooms.FullAt(rule.Definition.Target.CampaignId));
            var matching = rules.Where(rule => Matches(rule.Definition, sample)).ToList();
            var first = matching.FindAll(rule => matching.TrueForAll(other => other.Definition.Priority <= rule.Definition.Priority));
            var isSplit = first.Exists(rule => rule.Definition.Weight is not null);
            return first.OrderBy(rule => rule.Position).Take(isSplit ? first.Count : 1).DefaultIfEmpty().Contains(match.Winner)
                && match.Verdicts.All(v => matching.Contains(v.Rule) == (v.Fate is RuleFate.Won or RuleFate.Outranked or RuleFate.OutsideItsShare));
        });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_order_in_which_rules_come_changes_nothing_and_the_short_way_finds_the_same_winner()
    {
        var property = Prop.ForAll(Arb.From(s_rules), Arb.From(Gen.Choose(0, int.MaxValue)), (rules, seed) =>
        {
            var shuffled = rules.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            using var lead = Lead("VP Sales", 50, email: $"{seed}@x.example");
            var match = RoutingRules.Match(lead, rules, s_noon, NoCounts);
            var other = RoutingRules.Match(lead, shuffled, s_noon, NoCounts);
            return match.Winner == other.Winner && match.Verdicts.SequenceEqual(other.Verdicts)
                && match.Winner == RoutingRules.Winner(lead, RoutingRules.Order(shuffled), s_noon, NoCounts)
                && match.Verdicts.Count(v => v.Fate == RuleFate.Won) == (match.Winner is null ? 0 : 1);
        });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_rule_gets_more_than_its_cap_whatever_leads_come()
    {
        var property = Prop.ForAll(Arb.From(s_rules), rules =>
        {
            var counts = new RuleCounts();
            var day = DateOnly.FromDateTime(s_noon.UtcDateTime);
            for (var n = 0; n < 40; n++)
            {
                using var lead = Lead(n % 2 == 0 ? "CEO" : "VP Sales", n * 3);
                if (RoutingRules.Match(lead, rules, s_noon, counts.Of).Winner is { } winner)
                {
                    counts.Take(winner, day);
                }
            }

            return rules.All(rule => rule.Definition.DailyCap is not { } cap || counts.Of(rule, day) <= cap);
        });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Weights_split_emails_of_one_priority_and_each_is_always_drawn_alike()
    {
        var rules = new[] { Rule(1, 5, weight: 1), Rule(2, 5, weight: 3), Rule(3, 4, weight: 9), Rule(4, 5) };
        var wins = new Dictionary<long, int>();
        for (var n = 0; n < 10_000; n++)
        {
            using var lead = Lead(email: $"{n}@x.example");
            using var again = Lead("CEO", 7, email: $"{n}@x.example");
            var winner = lead.Winner(s_noon, NoCounts, rules)!;
            Assert.Equal(winner, again.Winner(s_noon, NoCounts, rules));
            wins[winner.Position] = wins.GetValueOrDefault(winner.Position) + 1;
        }

        Assert.Equal([1, 2, 4], wins.Keys.Order());
        Assert.InRange(wins[1], 1_800, 2_200);
        Assert.InRange(wins[2], 5_750, 6_250);
        Assert.InRange(wins[4], 1_800, 2_200);
    }

    [Fact]
    public void Every_rule_that_takes_part_in_a_draw_is_told_of_it_and_no_other()
    {
        RoutingRule[] rules = [Rule(1, 5, weight: 1), Rule(2, 5), Rule(3, 5, "CTO", weight: 2), Rule(4, 4, weight: 9)];
        foreach (var n in Enumerable.Range(0, 50))
        {
            using var lead = Lead("CEO", email: $"{n}@x.example");
            var verdicts = RoutingRules.Match(lead, rules, s_noon, NoCounts).Verdicts.ToDictionary(v => v.Rule.Position);

            Assert.Equal([RuleFate.Won, RuleFate.OutsideItsShare], new[] { verdicts[1].Fate, verdicts[2].Fate }.Order());
            Assert.Equal((RuleFate.OtherPersona, RuleFate.Outranked), (verdicts[3].Fate, verdicts[4].Fate));
            Assert.All(verdicts.Values.Take(2), verdict => Assert.Contains("split by weights", verdict.Reason, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Where_no_matching_rule_has_a_weight_or_only_one_matches_there_is_no_draw_to_tell_of()
    {
        using var lead = Lead("CEO");
        var unweighted = RoutingRules.Match(lead, [Rule(1, 5), Rule(2, 5), Rule(3, 5, "CTO", weight: 2)], s_noon, NoCounts).Verdicts;
        var alone = RoutingRules.Match(lead, [Rule(1, 5, weight: 1), Rule(2, 4, weight: 1)], s_noon, NoCounts).Verdicts;

        Assert.Equal([RuleFate.Won, RuleFate.Outranked, RuleFate.OtherPersona], unweighted.Select(v => v.Fate));
        Assert.Equal([RuleFate.Won, RuleFate.Outranked], alone.Select(v => v.Fate));
        Assert.Equal(["The first match by priority.", "The first match by priority."], [unweighted[0].Reason, alone[0].Reason]);
    }

    [Fact]
    public void A_rule_that_comes_to_a_split_moves_no_email_between_the_others()
    {
        RoutingRule[] rules = [Rule(1, 5, weight: 1), Rule(2, 5, weight: 3)];
        Prop.ForAll<NonEmptyString>(email =>
        {
            using var lead = Lead(email: email.Get);
            var more = lead.Winner(s_noon, NoCounts, [.. rules, Rule(3, 5, weight: 2)])!;
            return more.Position == 3 || more == lead.Winner(s_noon, NoCounts, rules);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Leads_without_an_email_are_split_by_their_ids()
    {
        var winners = Enumerable.Range(0, 200).Select(_ =>
        {
            using var lead = Lead();
            return lead.Winner(s_noon, NoCounts, Rule(1, weight: 1), Rule(2, weight: 1))!.Position;
        });

        Assert.Equal([1, 2], winners.Distinct().Order());
    }

    [Fact]
    public void A_full_rules_leads_go_to_the_next_match()
    {
        using var lead = Lead();
        var rules = new[] { Rule(1, 2, cap: 1), Rule(2, 1) };

        Assert.Equal(1, lead.Winner(s_noon, NoCounts, rules)!.Position);
        Assert.Equal(2, lead.Winner(s_noon, (rule, _) => rule.Position == 1 ? 1 : 0, rules)!.Position);
    }

    private static int NoCounts(RoutingRule rule, DateOnly day) => 0;

    private static int FullOnEvenDays(RoutingRule rule, DateOnly day) => day.Day % 2 == 0 ? 5 : 4;

    // What the documentation says of a match, told without the product's code.
    private static bool Matches(RuleDefinition rule, Sample sample)
    {
        var local = sample.At.UtcDateTime.AddMinutes(rule.ActiveHours is { } zoned ? s_zones[zoned.TimeZone] : 0);
        return rule is { Enabled: true, MinScore: <= 50, Persona: "*" or "VP Sales", Target.CampaignId: not "full" }
            && rule.Conditions.All(condition => s_conditions[condition](sample))
            && (rule.ActiveHours is not { } hours || IsWithin(hours, local.Date, local) || IsWithin(hours, local.Date.AddDays(-1), local))
            && (rule.DailyCap is null || local.Day % 2 == 1);
    }

    private static bool IsWithin(ActiveHours hours, DateTime begins, DateTime local) => hours.Days.Contains(begins.DayOfWeek)
        && local >= begins.AddMinutes(hours.From) && local < begins.AddMinutes(hours.To > hours.From ? hours.To : hours.To + 1440);

    private sealed record Sample(string? Country, int? Size, DateTimeOffset At);
}
