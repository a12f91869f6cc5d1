using System.Text.Json;

namespace LeadGrain.Gateway.Problems;

/// <summary>Marks endpoints whose errors are <c>{"success":false,"error":"…"}</c>: their callers know no others.</summary>
internal sealed class PlainErrors
{
    internal static readonly PlainErrors Instance = new();

    internal static void Write(Utf8JsonWriter json, (Problem Problem, string RequestId) answer)
    {
        json.WriteStartObject();
        json.WriteBoolean("success"u8, false);
        json.WriteString("error"u8, answer.Problem.Detail);
        json.WriteString("code"u8, answer.Problem.Code);
        json.WriteString("requestId"u8, answer.RequestId);
        json.WriteEndObject();
    }
}

/// <summary>A refusal or failure of an ingestion.</summary>
/// <param name="Success">False.</param>
/// <param name="Error">What is wrong with this request, for people.</param>
/// <param name="Code">Stable, to branch on.</param>
/// <param name="RequestId">As in X-Request-Id.</param>
public sealed record PlainErrorResponse(bool Success, string Error, string Code, string RequestId);
