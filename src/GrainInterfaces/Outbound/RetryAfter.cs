using System.Globalization;
using System.Net.Http.Headers;

namespace LeadGrain.GrainInterfaces.Outbound;

/// <summary>How long an answer asks to wait.</summary>
public static class RetryAfter
{
    // Some four months: whoever asks for more has slipped, and a longer time would overflow where it is added up.
    private const double Longest = 1e7;

    /// <summary>Retry-After, in seconds or as a date, as the time that is left; null where it says none. Pure.</summary>
    public static TimeSpan? Of(HttpResponseHeaders headers, DateTimeOffset now)
    {
        // Not by the typed header, which knows whole seconds only.
        var text = headers.TryGetValues("Retry-After", out var values) ? values.FirstOrDefault() : null;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? Of(seconds)
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at > now ? at - now : null;
    }

    /// <summary>The same of a number of seconds.</summary>
    public static TimeSpan? Of(double seconds) => seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, Longest)) : null;
}
