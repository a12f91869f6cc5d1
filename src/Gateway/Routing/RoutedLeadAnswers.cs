using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>Writes routed leads and previews.</summary>
internal static class RoutedLeadAnswers
{
    internal static void WritePage(Utf8JsonWriter json, (RoutedLeadPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("leads"u8);
        foreach (var lead in answer.Page.Leads)
        {
            Write(json, lead);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    internal static void Write(Utf8JsonWriter json, RoutedLead lead)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, lead.Id);
        json.WriteString("email"u8, lead.Email);
        json.WriteString("persona"u8, lead.Persona);
        json.WriteNumber("score"u8, lead.Score);
        json.WriteString("source"u8, lead.Source);
        json.WriteString("status"u8, lead.Status);
        json.WritePropertyName("health"u8);
        IngestAnswers.WriteHealth(json, lead.Health);
        json.WritePropertyName("target"u8);
        RuleAnswers.WriteTarget(json, lead.Target);
        json.WriteString("ruleId"u8, lead.RuleId);
        json.WriteString("engagement"u8, lead.Engagement);
        json.WritePropertyName("data"u8);
        json.WriteRawValue(lead.Data, skipInputValidation: true);
        json.WriteString("createdAt"u8, lead.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt"u8, lead.UpdatedAt.UtcDateTime);
        json.WriteEndObject();
    }

    internal static void WritePreview(Utf8JsonWriter json, RoutePreview preview)
    {
        json.WriteStartObject();
        json.WriteString("leadId"u8, preview.LeadId);
        json.WriteString("status"u8, preview.Status);
        json.WritePropertyName("health"u8);
        IngestAnswers.WriteHealth(json, preview.Health);
        json.WritePropertyName("target"u8);
        RuleAnswers.WriteTarget(json, preview.Status == RoutedStatus.Blocked ? null : preview.Winner?.Definition.Target);
        json.WriteString("ruleId"u8, preview.Winner?.Id);
        json.WriteStartArray("rules"u8);
        foreach (var verdict in preview.Verdicts)
        {
            json.WriteStartObject();
            json.WriteString("ruleId"u8, verdict.Rule.Id);
            json.WriteString("name"u8, verdict.Rule.Definition.Name);
            json.WriteNumber("priority"u8, verdict.Rule.Definition.Priority);
            json.WriteString("outcome"u8, RuleAnswers.WordOf(verdict.Fate));
            json.WriteString("reason"u8, verdict.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
