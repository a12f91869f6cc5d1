using System.Text.Json;

namespace LeadGrain.CrashTests.Metrics;

/// <summary>A line of a host's log, as far as it says to what it belongs.</summary>
internal sealed record LogLine(string Text, string Category, string Level, string? RequestId, string? TraceId)
{
    /// <summary>Of the connection, before a request's id is known or after its answer.</summary>
    internal bool IsTheServers => Category.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal)
        || Category == "Microsoft.AspNetCore.HostFiltering.HostFilteringMiddleware";

    /// <exception cref="JsonException">It is no JSON.</exception>
    internal static LogLine Read(string text)
    {
        using var line = JsonDocument.Parse(text);
        var root = line.RootElement;
        Assert.True(root.GetProperty("Timestamp").TryGetDateTimeOffset(out _), text);
        return new LogLine(
            text, root.GetProperty(nameof(Category)).GetString()!, root.GetProperty("LogLevel").GetString()!, OfScopes(root, nameof(RequestId)), OfScopes(root, nameof(TraceId)));
    }

    private static string? OfScopes(JsonElement root, string name)
        => !root.TryGetProperty("Scopes", out var scopes) ? null
            : scopes.EnumerateArray().Where(scope => scope.ValueKind == JsonValueKind.Object && scope.TryGetProperty(name, out _))
                .Select(scope => scope.GetProperty(name).GetString()).LastOrDefault();
}
