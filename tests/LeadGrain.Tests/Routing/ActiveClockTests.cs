using System.Globalization;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Routing;

namespace LeadGrain.Tests.Routing;

public sealed class ActiveClockTests
{
    private static readonly ActiveHours s_office = new("Europe/Berlin", [DayOfWeek.Monday, DayOfWeek.Friday], 9 * 60, (17 * 60) + 30);
    private static readonly ActiveHours s_night = new("Europe/Berlin", [DayOfWeek.Friday], 22 * 60, 6 * 60);

    [Theory]
    [InlineData("2030-01-04T07:59:59Z", false)] // Friday, 08:59 in Berlin
    [InlineData("2030-01-04T08:00:00Z", true)]
    [InlineData("2030-01-04T16:29:59Z", true)]
    [InlineData("2030-01-04T16:30:00Z", false)]
    [InlineData("2030-01-05T10:00:00Z", false)] // Saturday
    [InlineData("2030-07-05T07:00:00Z", true)] // Friday in summer, 09:00 in Berlin
    [InlineData("2030-07-05T06:59:00Z", false)]
    public void Office_hours_go_by_the_clock_on_the_wall(string now, bool open) => Assert.Equal(open, ActiveClock.IsOpen(s_office, At(now)));

    [Theory]
    [InlineData("2030-01-04T20:59:00Z", false)]
    [InlineData("2030-01-04T21:00:00Z", true)] // Friday 22:00
    [InlineData("2030-01-05T04:59:00Z", true)] // Saturday 05:59, still Friday's window
    [InlineData("2030-01-05T05:00:00Z", false)]
    [InlineData("2030-01-05T22:00:00Z", false)] // Saturday 23:00
    [InlineData("2030-01-04T03:00:00Z", false)] // Friday 04:00 would be Thursday's window
    public void A_window_over_midnight_belongs_to_the_day_on_which_it_begins(string now, bool open)
        => Assert.Equal(open, ActiveClock.IsOpen(s_night, At(now)));

    [Theory]
    [InlineData("2030-03-31T00:30:00Z", false)] // 01:30, before the gap
    [InlineData("2030-03-31T01:00:00Z", true)] // 03:00, behind the gap: 02:00 never was
    [InlineData("2030-10-27T00:15:00Z", true)] // 02:15, the first time
    [InlineData("2030-10-27T01:15:00Z", true)] // 02:15, the second time
    public void Hours_that_are_left_out_or_come_twice_are_taken_as_they_come(string now, bool open)
    {
        var hours = new ActiveHours("Europe/Berlin", [DayOfWeek.Sunday], 2 * 60, 4 * 60);

        Assert.Equal(open, ActiveClock.IsOpen(hours, At(now)));
    }

    [Fact]
    public void A_cap_counts_the_days_of_the_rules_own_zone()
    {
        var rule = RuleMaker.Rule(1, hours: new ActiveHours("Pacific/Auckland", [DayOfWeek.Monday], 0, 1440)).Definition;

        Assert.Equal(new DateOnly(2030, 1, 5), ActiveClock.DayOf(rule, At("2030-01-04T12:00:00Z")));
        Assert.Equal(new DateOnly(2030, 1, 4), ActiveClock.DayOf(rule with { ActiveHours = null }, At("2030-01-04T12:00:00Z")));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
