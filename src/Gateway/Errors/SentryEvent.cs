using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LeadGrain.Gateway.Errors;

internal sealed record SentryFrame(string Function, string? Module, int? Lineno, bool InApp);

internal sealed record SentryStack(IReadOnlyList<SentryFrame> Frames);

internal sealed record SentryMechanism(string Type, bool Handled);

internal sealed record SentryException(string Type, string? Module, string? Value, SentryStack? Stacktrace, SentryMechanism Mechanism);

internal sealed record SentryExceptions(IReadOnlyList<SentryException> Values);

/// <summary>An error as Sentry's event payload has it. Messages are left out on purpose: a database error's message can
/// quote a row, and so a person.</summary>
internal sealed record SentryEvent(
    string EventId, DateTimeOffset Timestamp, string Platform, string Level, string Release, string Environment,
    IReadOnlyDictionary<string, string> Tags, SentryExceptions Exception)
{
    private const int MostExceptions = 10; // an aggregate of a wide fan-out says the same thing over and over
    private const int MostFrames = 100;    // Sentry itself cuts at 250
    private const int LongestTag = 200;    // Sentry refuses longer ones

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static SentryEvent Of(SentryReport report, string release, string environment)
    {
        var tags = new Dictionary<string, string> { ["request_id"] = Tag(report.RequestId) };
        if (report.Route is { Length: > 0 } route)
        {
            tags["route"] = Tag(route);
        }

        var chain = Chain(report.Exception).Take(MostExceptions).ToList();
        if (chain.OfType<DbException>().FirstOrDefault()?.SqlState is { Length: > 0 } state)
        {
            tags["sql_state"] = state;
        }

        return new SentryEvent(
            Guid.NewGuid().ToString("N"), report.At, "csharp", "error", release, environment, tags,
            new SentryExceptions([.. chain.Select(Describe).Reverse()]));
    }

    /// <summary>The envelope of this one event: three lines of JSON.</summary>
    public byte[] Envelope(DateTimeOffset sentAt)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(this, s_json);
        var header = JsonSerializer.SerializeToUtf8Bytes(new { event_id = EventId, sent_at = sentAt.UtcDateTime });
        var item = JsonSerializer.SerializeToUtf8Bytes(new { type = "event", content_type = "application/json", length = payload.Length });
        return [.. header, (byte)'\n', .. item, (byte)'\n', .. payload, (byte)'\n'];
    }

    private static IEnumerable<Exception> Chain(Exception exception)
    {
        yield return exception;
        IEnumerable<Exception> inner = exception is AggregateException aggregate ? aggregate.InnerExceptions
            : exception.InnerException is { } one ? [one] : [];
        foreach (var further in inner.SelectMany(Chain))
        {
            yield return further;
        }
    }

    private static SentryException Describe(Exception exception)
    {
        var frames = new StackTrace(exception, fNeedFileInfo: true).GetFrames()
            .Select(Frame).OfType<SentryFrame>().Take(MostFrames).Reverse().ToList();
        return new SentryException(
            exception.GetType().Name,
            exception.GetType().Namespace,
            exception is DbException { SqlState: { Length: > 0 } state } ? $"SqlState {state}" : null,
            frames.Count > 0 ? new SentryStack(frames) : null,
            new SentryMechanism("generic", Handled: false));
    }

    private static SentryFrame? Frame(StackFrame frame)
    {
        if (frame.GetMethod() is not { } method)
        {
            return null;
        }

        var (type, function) = (method.DeclaringType, method.Name);
        // An async method runs as MoveNext of a nested type that the compiler named <Method>d__1.
        if (function == "MoveNext" && type is { DeclaringType: { } outer } && type.Name.StartsWith('<') && type.Name.IndexOf('>', 1) is var end and > 1)
        {
            (type, function) = (outer, type.Name[1..end]);
        }

        var line = frame.GetFileLineNumber();
        return new SentryFrame(function, type?.FullName, line > 0 ? line : null,
            InApp: type?.FullName?.StartsWith("LeadGrain.", StringComparison.Ordinal) ?? false);
    }

    private static string Tag(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= LongestTag ? line : line[..LongestTag];
    }
}
