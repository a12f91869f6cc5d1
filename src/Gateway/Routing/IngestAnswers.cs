using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Routing;
using LeadHealth = LeadGrain.GrainInterfaces.Gate.Health;

namespace LeadGrain.Gateway.Routing;

/// <summary>Writes what became of leads that were taken in.</summary>
internal static class IngestAnswers
{
    internal static void Write(Utf8JsonWriter json, (IngestOutcome Outcome, PushFate? Push) answer)
    {
        var (outcome, push) = answer;
        var pushed = push is PushFate.Pushed;
        json.WriteStartObject();
        json.WriteBoolean("success"u8, true);
        json.WriteStartObject("data"u8);
        json.WriteString("message"u8, MessageOf(outcome));
        json.WriteString("leadId"u8, outcome.LeadId);
        json.WriteString("assignedCampaignId"u8, outcome.Target?.CampaignId);
        json.WriteBoolean("pushedToSmartlead"u8, push is PushFate.Pushed { Kind: PushFate.Pushed.Smartlead });
        json.WriteString("status"u8, pushed ? RoutedStatus.Active : push is PushFate.Failed { IsFinal: true } ? RoutedStatus.Dead : outcome.Status);
        json.WritePropertyName("health"u8);
        WriteHealth(json, outcome.Health);
        json.WriteString("ruleId"u8, outcome.RuleId);
        json.WriteString("namespace"u8, outcome.Target?.Namespace);
        WritePush(json, push);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static void WriteHealth(Utf8JsonWriter json, LeadHealth health)
    {
        json.WriteStartObject();
        json.WriteString("classification"u8, health.Word);
        json.WriteNumber("score"u8, health.Score);
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
        json.WriteEndObject();
    }

    private static string MessageOf(IngestOutcome outcome) => outcome switch
    {
        { Status: RoutedStatus.Blocked } => "Lead blocked by health gate",
        { Target: null } => "Lead in holding pool",
        _ => "Lead ingested successfully",
    };

    private static void WritePush(Utf8JsonWriter json, PushFate? push)
    {
        json.WritePropertyName("push"u8);
        if (push is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("state"u8, push switch
        {
            PushFate.Pushed => "pushed",
            PushFate.Pending => "pending",
            PushFate.Failed => "failed",
            _ => "unknown_campaign",
        });
        json.WriteString("reason"u8, (push as PushFate.Failed)?.Reason);
        json.WriteEndObject();
    }
}
