using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>Writes rules, in both spellings of the members that have two.</summary>
internal static class RuleAnswers
{
    internal static void WriteList(Utf8JsonWriter json, ImmutableArray<RoutingRule> rules)
    {
        json.WriteStartObject();
        json.WriteStartArray("rules"u8);
        foreach (var rule in rules)
        {
            Write(json, rule);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal static void Write(Utf8JsonWriter json, RoutingRule rule)
    {
        var definition = rule.Definition;
        json.WriteStartObject();
        json.WriteString("id"u8, rule.Id);
        json.WriteString("name"u8, definition.Name);
        json.WriteString("persona"u8, definition.Persona);
        json.WriteNumber("minScore"u8, definition.MinScore);
        json.WriteNumber("min_score"u8, definition.MinScore);
        json.WriteNumber("priority"u8, definition.Priority);
        json.WritePropertyName("target"u8);
        WriteTarget(json, definition.Target);
        json.WriteString("target_campaign_id"u8, definition.Target.CampaignId);
        json.WriteStartArray("conditions"u8);
        foreach (var condition in definition.Conditions)
        {
            WriteCondition(json, condition);
        }

        json.WriteEndArray();
        json.WriteNumber("dailyCap"u8, definition.DailyCap);
        json.WriteNumber("weight"u8, definition.Weight);
        WriteHours(json, definition.ActiveHours);
        json.WriteBoolean("enabled"u8, definition.Enabled);
        json.WriteString("createdAt"u8, rule.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt"u8, rule.UpdatedAt.UtcDateTime);
        json.WriteEndObject();
    }

    internal static void WriteTarget(Utf8JsonWriter json, RuleTarget? target)
    {
        if (target is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString(target.CampaignId is null ? "namespace"u8 : "campaign"u8, target.CampaignId ?? target.Namespace);
        json.WriteEndObject();
    }

    internal static string WordOf(RuleFate fate) => fate switch
    {
        RuleFate.Won => "won",
        RuleFate.Outranked => "outranked",
        RuleFate.OutsideItsShare => "outside_its_share",
        RuleFate.Disabled => "disabled",
        RuleFate.OtherPersona => "other_persona",
        RuleFate.ScoreTooLow => "score_too_low",
        RuleFate.ConditionFailed => "condition_failed",
        RuleFate.OutsideActiveHours => "outside_active_hours",
        RuleFate.CampaignCapReached => "campaign_cap_reached",
        _ => "cap_reached",
    };

    private static void WriteCondition(Utf8JsonWriter json, RuleCondition condition)
    {
        json.WriteStartObject();
        json.WriteString("path"u8, condition.Path);
        json.WriteString("op"u8, ConditionInput.WordOf(condition.Operator));
        json.WritePropertyName("value"u8);
        if (condition.Operator == ConditionOperator.In)
        {
            json.WriteStartArray();
        }

        foreach (var value in condition.Values)
        {
            if (value.Kind == ConditionKind.Text)
            {
                json.WriteStringValue(value.Text);
            }
            else
            {
                json.WriteRawValue(value.Text);
            }
        }

        if (condition.Operator == ConditionOperator.In)
        {
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteHours(Utf8JsonWriter json, ActiveHours? hours)
    {
        json.WritePropertyName("activeHours"u8);
        if (hours is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("timeZone"u8, hours.TimeZone);
        json.WriteStartArray("days"u8);
        foreach (var day in hours.Days)
        {
            json.WriteStringValue(HoursInput.WordOf(day));
        }

        json.WriteEndArray();
        json.WriteString("from"u8, HoursInput.WordOf(hours.From));
        json.WriteString("to"u8, HoursInput.WordOf(hours.To));
        json.WriteEndObject();
    }
}
