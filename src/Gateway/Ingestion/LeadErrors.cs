using System.Text.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>The errors of <c>/api/lead</c>: <c>{"ok":false,"error":"…"}</c>.</summary>
internal static class LeadErrors
{
    internal static ErrorShape Shape { get; } = new(Write, typeof(LeadRefused));

    internal static Problem InvalidPayload() => new(400, "invalid_payload", "Invalid payload", "No lead can be made of the body.");

    private static void Write(Utf8JsonWriter json, Problem problem, string requestId)
    {
        json.WriteStartObject();
        json.WriteBoolean("ok"u8, false);
        json.WriteString("error"u8, problem.Status == 503 ? "unavailable" : problem.Code);
        json.WriteEndObject();
    }
}
