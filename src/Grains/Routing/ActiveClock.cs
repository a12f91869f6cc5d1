using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>Tells the hours and days of rules.</summary>
internal static class ActiveClock
{
    /// <summary>
    /// Whether a window is open at an instant. It goes by the clock on the wall: an hour that comes twice when clocks go back is
    /// open both times, and one that is left out is not made up for.
    /// </summary>
    internal static bool IsOpen(ActiveHours hours, DateTimeOffset now)
    {
        var local = LocalTime(hours, now);
        var minute = (local.Hour * 60) + local.Minute;
        var today = hours.Days.Contains(local.DayOfWeek);
        if (hours.From < hours.To)
        {
            return today && minute >= hours.From && minute < hours.To;
        }

        var yesterday = hours.Days.Contains((DayOfWeek)(((int)local.DayOfWeek + 6) % 7));
        return (today && minute >= hours.From) || (yesterday && minute < hours.To);
    }

    /// <summary>The day by which a rule's cap counts.</summary>
    internal static DateOnly DayOf(RuleDefinition rule, DateTimeOffset now)
        => DateOnly.FromDateTime(rule.ActiveHours is { } hours ? LocalTime(hours, now) : now.UtcDateTime);

    private static DateTime LocalTime(ActiveHours hours, DateTimeOffset now)
        // A zone that this machine does not know any more: UTC rather than no routing at all.
        => TimeZoneInfo.TryFindSystemTimeZoneById(hours.TimeZone, out var zone) ? TimeZoneInfo.ConvertTime(now, zone).DateTime : now.UtcDateTime;
}
