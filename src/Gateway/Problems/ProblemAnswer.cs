using System.Globalization;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Problems;

/// <summary>Writes problems.</summary>
internal static class ProblemAnswer
{
    internal const string ContentType = "application/problem+json";

    internal static Task AnswerAsync(this HttpContext context, Problem problem, Action<Utf8JsonWriter>? further = null)
    {
        var response = context.Response;
        var plain = context.GetEndpoint()?.Metadata.GetMetadata<PlainErrors>() is not null;
        response.StatusCode = problem.Status;
        response.ContentType = plain ? JsonAnswer.ContentType : ContentType;
        if (problem.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture);
        }

        return plain
            ? JsonAnswer.WriteAsync(response, (problem, context.TraceIdentifier), PlainErrors.Write)
            : JsonAnswer.WriteAsync(response, (problem, context.TraceIdentifier, further), Write);
    }

    private static void Write(Utf8JsonWriter json, (Problem Problem, string RequestId, Action<Utf8JsonWriter>? Further) answer)
    {
        var problem = answer.Problem;
        json.WriteStartObject();
        json.WriteString("type"u8, $"urn:leadgrain:problem:{problem.Code}");
        json.WriteString("title"u8, problem.Title);
        json.WriteNumber("status"u8, problem.Status);
        json.WriteString("code"u8, problem.Code);
        json.WriteString("detail"u8, problem.Detail);
        if (problem.Member is { } member)
        {
            json.WriteString("member"u8, member);
        }

        json.WriteString("requestId"u8, answer.RequestId);
        answer.Further?.Invoke(json);
        json.WriteEndObject();
    }
}
