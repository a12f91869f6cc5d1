using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>Reads what a rule says. Members may be spelled as the first integrations spell them: min_score, target_campaign_id.</summary>
internal static class RuleInput
{
    private const int MaxPriority = 1_000_000_000;
    private const int MaxCap = 1_000_000_000;
    private const int MaxWeight = 1_000;

    /// <summary>A rule without anything but what must be said.</summary>
    private static readonly RuleDefinition s_basis = new(
        null, RuleDefinition.AnyPersona, 0, 0, new RuleTarget(null, null), [], null, null, null, Enabled: true);

    internal static Parsed<RuleDefinition> ReadNew(JsonElement root) => Read(root, s_basis);

    /// <summary>Reads a rule, or what of it is to change: a member that is absent stays as it is, one that is null goes.</summary>
    internal static Parsed<RuleDefinition> Read(JsonElement root, RuleDefinition basis)
    {
        var members = new RuleMembers(root);
        var rule = basis with
        {
            Name = members.Has("name") ? members.Text("name") : basis.Name,
            Persona = members.Has("persona") ? members.Text("persona")?.Trim() ?? RuleDefinition.AnyPersona : basis.Persona,
            MinScore = members.Has("minScore", "min_score") ? members.Number("minScore", "min_score") ?? 0 : basis.MinScore,
            Priority = members.Has("priority") ? members.Integer("priority", -MaxPriority, MaxPriority) ?? 0 : basis.Priority,
            DailyCap = members.Has("dailyCap", "daily_cap") ? members.Integer("dailyCap", 1, MaxCap, "daily_cap") : basis.DailyCap,
            Weight = members.Has("weight") ? members.Integer("weight", 1, MaxWeight) : basis.Weight,
            Enabled = members.Has("enabled") ? members.Truth("enabled") ?? true : basis.Enabled,
        };
        var problem = members.Problem
            ?? ReadTarget(members, ref rule)
            ?? ReadConditions(members, ref rule)
            ?? ReadHours(members, ref rule);
        return problem is not null ? problem
            : rule.Persona.Length == 0 ? Problem.InvalidMember("persona", "must not be blank; * is for any.")
            : rule;
    }

    private static Problem? ReadTarget(RuleMembers members, ref RuleDefinition rule)
    {
        if (members.Has("target"))
        {
            if (members.Object("target") is not { } target)
            {
                return Problem.InvalidMember("target", "must be an object with campaign or namespace.");
            }

            var inner = new RuleMembers(target);
            rule = rule with { Target = new RuleTarget(inner.Id("campaign"), inner.Id("namespace")) };
            if (inner.Problem is { } problem)
            {
                return problem with { Member = $"target.{problem.Member}" };
            }
        }
        else if (members.Has("targetCampaignId", "target_campaign_id"))
        {
            rule = rule with { Target = new RuleTarget(members.Id("targetCampaignId", "target_campaign_id"), null) };
            if (members.Problem is { } problem)
            {
                return problem;
            }
        }

        return rule.Target switch
        {
            (null, null) => Problem.MissingMember("target"),
            (not null, not null) => Problem.InvalidMember("target", "must name a campaign or a namespace, not both."),
            var (campaign, name) => NameRules.Broken(campaign ?? name!, MemberReader.MaxIdLength) is { } must
                ? Problem.InvalidMember("target", must)
                : null,
        };
    }

    private static Problem? ReadConditions(RuleMembers members, ref RuleDefinition rule)
    {
        if (!members.Has("conditions"))
        {
            return null;
        }

        var array = members.Array("conditions");
        if (array is { } all && all.GetArrayLength() > RuleDefinition.MaxConditions)
        {
            return Problem.InvalidMember("conditions", $"must hold at most {RuleDefinition.MaxConditions} conditions.");
        }

        var conditions = ImmutableArray.CreateBuilder<RuleCondition>();
        foreach (var element in array?.EnumerateArray() ?? default)
        {
            if (ConditionInput.Read(element, $"conditions[{conditions.Count}]").Failed(out var problem, out var condition))
            {
                return problem;
            }

            conditions.Add(condition);
        }

        rule = rule with { Conditions = conditions.ToImmutable() };
        return members.Problem;
    }

    private static Problem? ReadHours(RuleMembers members, ref RuleDefinition rule)
    {
        if (!members.Has("activeHours", "active_hours"))
        {
            return null;
        }

        if (members.Object("activeHours", "active_hours") is not { } hours)
        {
            rule = rule with { ActiveHours = null };
            return members.Problem;
        }

        if (HoursInput.Read(hours).Failed(out var problem, out var read))
        {
            return problem;
        }

        rule = rule with { ActiveHours = read };
        return null;
    }
}
