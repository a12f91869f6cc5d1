using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>Reads active hours: <c>{"timeZone":"Europe/Berlin","days":["mon","tue"],"from":"09:00","to":"17:30"}</c>.</summary>
internal static class HoursInput
{
    private const int MinutesADay = 24 * 60;

    // By DayOfWeek.
    private static readonly string[] s_days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>A day as it is on the wire.</summary>
    internal static string WordOf(DayOfWeek day) => s_days[(int)day];

    /// <summary>A time of day as it is on the wire.</summary>
    internal static string WordOf(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");

    internal static Parsed<ActiveHours> Read(JsonElement element)
    {
        var members = new RuleMembers(element);
        var (zone, days, fromText, toText) = (members.Text("timeZone", "time_zone"), ReadDays(members), members.Text("from"), members.Text("to"));
        if (members.Problem is { } problem)
        {
            return problem with { Member = $"activeHours.{problem.Member}" };
        }

        if (zone is null || !TimeZones.IsIana(zone))
        {
            return Problem.InvalidMember("activeHours.timeZone", "must be an IANA time zone, such as Europe/Berlin.");
        }

        if (days.IsDefault)
        {
            return Problem.InvalidMember("activeHours.days", $"must be an array of {string.Join(", ", s_days)}.");
        }

        return Minute(fromText ?? "00:00") is not (>= 0 and < MinutesADay and var from)
            ? Problem.InvalidMember("activeHours.from", "must be a time of day, such as 09:00.")
            : Minute(toText ?? "24:00") is not { } to
                ? Problem.InvalidMember("activeHours.to", "must be a time of day, such as 17:30, or 24:00.")
                : new ActiveHours(zone, days, from, to);
    }

    private static ImmutableArray<DayOfWeek> ReadDays(RuleMembers members)
    {
        if (!members.Has("days"))
        {
            return [.. Enum.GetValues<DayOfWeek>()];
        }

        var days = ImmutableArray.CreateBuilder<DayOfWeek>();
        foreach (var day in members.Array("days")?.EnumerateArray() ?? default)
        {
            var index = day.ValueKind == JsonValueKind.String ? Array.IndexOf(s_days, day.GetString()!.ToLowerInvariant()) : -1;
            if (index < 0)
            {
                return default;
            }

            days.Add((DayOfWeek)index);
        }

        return days.Count == 0 ? default : [.. days.Distinct().Order()];
    }

    private static int? Minute(string text)
        => text == "24:00" ? MinutesADay
            : TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
                ? (time.Hour * 60) + time.Minute
                : null;
}
