using System.Text.Json;

namespace LeadGrain.Gateway.Problems;

/// <summary>Errors as <c>{"success":false,"error":"…"}</c>: the callers of these endpoints know no others.</summary>
internal static class PlainErrors
{
    internal static ErrorShape Shape { get; } = new(Write, typeof(PlainErrorResponse));

    private static void Write(Utf8JsonWriter json, Problem problem, string requestId)
    {
        json.WriteStartObject();
        json.WriteBoolean("success"u8, false);
        json.WriteString("error"u8, problem.Detail);
        json.WriteString("code"u8, problem.Code);
        json.WriteString("requestId"u8, requestId);
        json.WriteEndObject();
    }
}

/// <summary>A refusal or failure of an ingestion.</summary>
/// <param name="Success">False.</param>
/// <param name="Error">What is wrong with this request, for people.</param>
/// <param name="Code">Stable, to branch on.</param>
/// <param name="RequestId">As in X-Request-Id.</param>
public sealed record PlainErrorResponse(bool Success, string Error, string Code, string RequestId);
