using System.Text.Json;
using LeadGrain.GrainInterfaces.Crm;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Crm;

/// <summary>Writes leads.</summary>
internal static class CrmAnswers
{
    internal static void WritePage(Utf8JsonWriter json, (CrmPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("leads"u8);
        foreach (var lead in answer.Page.Leads)
        {
            WriteLead(json, lead);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    internal static void WriteHistory(Utf8JsonWriter json, CrmHistory history)
    {
        json.WriteStartObject();
        json.WritePropertyName("lead"u8);
        WriteLead(json, history.Lead);
        json.WriteStartArray("history"u8);
        foreach (var change in history.Events)
        {
            json.WriteStartObject();
            json.WriteNumber("version"u8, change.Version);
            json.WriteString("changedAt"u8, change.ChangedAt.UtcDateTime);
            json.WriteString("changedBy"u8, change.ChangedBy);
            json.WriteString("field"u8, change.Field);
            json.WriteString("before"u8, change.Before);
            json.WriteString("after"u8, change.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLead(Utf8JsonWriter json, CrmLead lead)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, lead.Id);
        for (var field = 0; field < lead.Fields.Length; field++)
        {
            json.WriteString(LeadFields.Names[field], lead.Fields[field]);
        }

        json.WritePropertyName("extra"u8);
        json.WriteRawValue(lead.Extra ?? "null"u8, skipInputValidation: true);
        json.WriteString("status"u8, lead.Status);
        json.WriteString("assignedTo"u8, lead.AssignedTo);
        json.WriteString("notes"u8, lead.Notes);
        json.WriteNumber("version"u8, lead.Version);
        json.WriteString("createdAt"u8, lead.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt"u8, lead.UpdatedAt.UtcDateTime);
        json.WriteEndObject();
    }
}
