using System.Globalization;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Problems;

/// <summary>Writes problems.</summary>
internal static class ProblemAnswer
{
    internal const string ContentType = "application/problem+json";

    /// <summary>RFC 9457, where a route has no shape of its own.</summary>
    internal static ErrorShape Shape { get; } =
        new(static (json, problem, requestId) => Write(json, (problem, requestId, null)), typeof(ProblemResponse));

    internal static Task AnswerAsync(this HttpContext context, Problem problem, Action<Utf8JsonWriter>? further = null)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        context.Features.Set(problem);
        if (problem.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture);
        }

        if (context.GetEndpoint()?.Metadata.GetMetadata<ErrorShape>() is { } shape)
        {
            return JsonAnswer.WriteAsync(
                response, (shape, problem, context.TraceIdentifier), static (json, answer) => answer.shape.Write(json, answer.problem, answer.TraceIdentifier));
        }

        response.ContentType = ContentType;
        return JsonAnswer.WriteAsync(response, (problem, context.TraceIdentifier, further), Write);
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

/// <summary>The shape of an endpoint's errors; as metadata it marks one that has its own, as application/json.</summary>
/// <param name="Write">Writes a problem in it, of a request by its id.</param>
/// <param name="Answer">Its type.</param>
internal sealed record ErrorShape(Action<Utf8JsonWriter, Problem, string> Write, Type Answer);
