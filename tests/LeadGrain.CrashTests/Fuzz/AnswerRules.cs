using System.Globalization;
using System.Text;
using System.Text.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>What every answer must keep to, whatever was asked.</summary>
internal static class AnswerRules
{
    // What the server itself refuses before any of our code runs.
    private static readonly int[] BareRefusals = [400, 405, 408, 411, 413, 414, 431, 505];

    // None of the values that requests are made of holds any of these, so that none is an echo.
    private static readonly byte[][] Leaks =
    [
        .. new[] { "Npgsql", "System.", "Microsoft.", "Orleans", "Exception", " at LeadGrain", "StackTrace", "select ", "insert into", "PostgreSQL" }
            .Select(Encoding.ASCII.GetBytes),
    ];

    // Only load may be shed: the host is ready, its database there, and no request so heavy that its time is up.
    private static readonly byte[] Shed = Encoding.ASCII.GetBytes($"\"code\":\"{ProblemCodes.Overloaded}\"");

    private static readonly HashSet<string> Codes =
        [.. typeof(ProblemCodes).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!)];

    /// <summary>As deep as a body may be, and what is wrapped around it.</summary>
    internal static JsonReaderOptions AsDeepAsAny { get; } = new() { MaxDepth = 128 };

    /// <summary>What is wrong with an answer; null where it is in order.</summary>
    internal static string? Broken(FuzzRequest request, HttpAnswer answer)
    {
        if (IsBare(answer))
        {
            return !request.IsPlain && BareRefusals.Contains(answer.Status) ? null : "an answer without X-Request-Id";
        }

        return Array.Find(Leaks, leak => answer.IsJson && answer.Body.AsSpan().IndexOf(leak) >= 0) is { } leaked
                ? $"the answer shows {Encoding.ASCII.GetString(leaked)}"
            : answer.Status >= 500 ? BrokenFailure(request, answer) ?? BrokenProblem(request, answer)
            : answer.Status == 429 && answer.Header("Retry-After") is null ? "429 without Retry-After"
            : request.RequestId is { } id && answer.Header("X-Request-Id") != id ? "another X-Request-Id came back"
            : answer.Status >= 400 ? BrokenProblem(request, answer)
            : answer.IsJson && !request.IsHead ? answer.Documents().Select(BrokenJson).FirstOrDefault(broken => broken is not null) : null;
    }

    private static bool IsBare(HttpAnswer answer) => answer.Header("X-Request-Id") is null && answer.Body.Length == 0 && answer.Closes;

    private static string? BrokenFailure(FuzzRequest request, HttpAnswer answer) => answer.Status switch
    {
        503 => answer.Header("Retry-After") is null ? "503 without Retry-After"
            : answer.Body.AsSpan().IndexOf(Shed) < 0 ? "503 for another cause than load"
            : null,
        504 when request.OnRoute && request.Operation.Answers.ContainsKey("504") => null,
        _ => $"{answer.Status}",
    };

    private static string? BrokenProblem(FuzzRequest request, HttpAnswer answer)
    {
        if (answer.Header("X-Request-Id") is null)
        {
            return "an answer without X-Request-Id";
        }

        if (request.IsHead || HasShapeOfItsOwn(request, answer))
        {
            return null;
        }

        if (answer.ContentType != "application/problem+json")
        {
            return "a refusal that is no problem+json";
        }

        using var problem = JsonDocument.Parse(answer.Body);
        var root = problem.RootElement;
        return !Codes.Contains(root.GetProperty("code").GetString()!) ? "a code that is not in the list"
            : root.GetProperty("status").GetInt32() != answer.Status ? "a status that is not the answer's"
            : root.GetProperty("requestId").GetString() != answer.Header("X-Request-Id") ? "a requestId that is not the answer's"
            : null;
    }

    /// <summary>The document gives this status another media type: the route's own error shape. Other spellings of its path lead there too.</summary>
    private static bool HasShapeOfItsOwn(FuzzRequest request, HttpAnswer answer)
        => request.OnRoute ? IsOwn(request, answer.Status.ToString(CultureInfo.InvariantCulture))
            : IsOwn(request, "400") && answer.ContentType?.StartsWith("application/json", StringComparison.Ordinal) == true;

    private static bool IsOwn(FuzzRequest request, string status)
        => request.Operation.Answers.TryGetValue(status, out var types) && types.Length > 0 && !types.Contains("application/problem+json");

    private static string? BrokenJson(ReadOnlyMemory<byte> document)
    {
        try
        {
            var reader = new Utf8JsonReader(document.Span, AsDeepAsAny);
            while (reader.Read())
            {
            }

            return null;
        }
        catch (JsonException broken)
        {
            return $"broken JSON: {broken.Message}";
        }
    }
}
