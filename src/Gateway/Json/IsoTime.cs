using System.Globalization;

namespace LeadGrain.Gateway.Json;

/// <summary>Times as callers write them: ISO 8601, UTC unless they have an offset.</summary>
internal static class IsoTime
{
    internal const string Must = "must be an ISO 8601 time, such as 2024-01-15T10:00:00Z.";

    private static readonly string[] s_formats =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>Reads one; null where it is none. Pure.</summary>
    internal static DateTimeOffset? Read(string text)
        => DateTimeOffset.TryParseExact(text, s_formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime() : null;
}
