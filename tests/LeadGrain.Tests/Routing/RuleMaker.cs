using System.Globalization;
using System.Text;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Routing;

namespace LeadGrain.Tests.Routing;

/// <summary>Rules and leads in one line each.</summary>
internal static class RuleMaker
{
    internal static RoutingRule Rule(
        int position, int priority = 0, string persona = "*", double minScore = 0, int? cap = null, int? weight = null, bool enabled = true,
        ActiveHours? hours = null, params RuleCondition[] conditions)
    {
        var target = new RuleTarget(position.ToString(CultureInfo.InvariantCulture), null);
        var definition = new RuleDefinition(null, persona, minScore, priority, target, [.. conditions], cap, weight, hours, enabled);
        var id = new byte[16];
        BitConverter.TryWriteBytes(id, position * 7919L);
        return new RoutingRule(new Guid(id), position, definition, default, default);
    }

    internal static RuleCondition Where(string path, ConditionOperator how, params ConditionValue[] values) => new(path, how, [.. values]);

    internal static ConditionValue Text(string text) => new(ConditionKind.Text, text);

    internal static ConditionValue Number(string text) => new(ConditionKind.Number, text);

    internal static ConditionValue Truth(bool truth) => new(ConditionKind.Truth, truth ? "true" : "false");

    internal static RuleInput Lead(string? persona = null, double? score = null, string body = "{}", string email = "")
        => new(Guid.NewGuid(), new NewRoutedLead(email, persona, score, "api", Encoding.UTF8.GetBytes(body)));

    internal static RoutingRule? Winner(this RuleInput lead, DateTimeOffset now, Func<RoutingRule, DateOnly, int> counts, params RoutingRule[] rules)
        => RoutingRules.Match(lead, rules, now, counts).Winner;
}
