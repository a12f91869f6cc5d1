using System.Text.Json;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;

namespace LeadGrain.Grains.Routing;

/// <summary>What is noted of a lead that was taken in.</summary>
internal static class IngestAudit
{
    internal const string Assigned = "assigned";
    internal const string Unassigned = "unassigned";
    internal const string Blocked = "blocked";

    /// <summary>What is noted of a lead that was decided on; of one that was in the holding pool, with its status before and after.</summary>
    internal static AuditEntry Of(long organizationId, Actor actor, Guid leadId, Health health, RoutingRule? rule, bool wasInPool)
    {
        var entry = new AuditEntry(
            organizationId, actor, Unassigned, "lead", $"{leadId}", wasInPool ? AuditedStatus.Held : null, Reason: "No routing rule took the lead.");
        if (health.Class == HealthClass.Red)
        {
            return entry with { Action = Blocked, After = Write(health, null, wasInPool ? RoutedStatus.Blocked : null), Reason = string.Join(' ', health.Checks.Select(static c => c.Reason)) };
        }

        return rule is null
            ? entry with { After = Write(health, null, null) }
            : entry with { Action = Assigned, After = Write(health, rule, wasInPool ? RoutedStatus.Held : null), Reason = rule.Definition.Name };
    }

    /// <summary>What is noted of a step through the holding pool.</summary>
    internal static byte[] Of(PoolRouteOutcome outcome) => JsonSerializer.SerializeToUtf8Bytes(
        new JsonObject { ["routed"] = outcome.Routed, ["blocked"] = outcome.Blocked, ["held"] = outcome.Held, ["notHeld"] = outcome.NotHeld });

    private static byte[] Write(Health health, RoutingRule? rule, string? status)
    {
        using var bytes = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            if (status is not null)
            {
                json.WriteString("status"u8, status);
            }

            json.WriteString("health"u8, health.Word);
            json.WriteNumber("healthScore"u8, health.Score);
            if (!health.Checks.IsEmpty)
            {
                json.WriteStartArray("checks"u8);
                foreach (var check in health.Checks)
                {
                    json.WriteStartObject();
                    json.WriteString("name"u8, check.Name);
                    json.WriteNumber("points"u8, check.Points);
                    json.WriteString("reason"u8, check.Reason);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            if (rule is not null)
            {
                json.WriteString("ruleId"u8, rule.Id);
                var target = rule.Definition.Target;
                json.WriteString(target.Namespace is null ? "campaignId"u8 : "namespace"u8, target.CampaignId ?? target.Namespace);
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
