using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Grains.Enrichment;

namespace LeadGrain.Tests.Enrichment;

public sealed class HeadcountRangeTests
{
    [Theory]
    [InlineData(1, "1-10")]
    [InlineData(10, "1-10")]
    [InlineData(11, "11-50")]
    [InlineData(50, "11-50")]
    [InlineData(51, "51-200")]
    [InlineData(200, "51-200")]
    [InlineData(201, "201-500")]
    [InlineData(500, "201-500")]
    [InlineData(501, "501-1000")]
    [InlineData(1000, "501-1000")]
    [InlineData(1001, "1001-5000")]
    [InlineData(5000, "1001-5000")]
    [InlineData(5001, "5001-10000")]
    [InlineData(10000, "5001-10000")]
    [InlineData(10001, "10001+")]
    public void Ranges_end_where_they_say(long headcount, string range) => Assert.Equal(range, HeadcountRange.Of(headcount));

    [Fact]
    public void Every_headcount_lies_in_its_range() =>
        Prop.ForAll<PositiveInt>(n =>
        {
            // Small numbers are what is generated; powers reach the large ranges.
            long headcount = (long)n.Get * n.Get * n.Get;
            var (from, to) = Bounds(HeadcountRange.Of(headcount)!);
            return from <= headcount && headcount <= to;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_larger_headcount_never_lies_in_a_lower_range() =>
        Prop.ForAll<PositiveInt, PositiveInt>((a, b) =>
        {
            var (low, high) = (Math.Min(a.Get, b.Get) * 97L, Math.Max(a.Get, b.Get) * 97L);
            return Bounds(HeadcountRange.Of(low)!).From <= Bounds(HeadcountRange.Of(high)!).From;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_headcount_and_none_above_zero_have_no_range()
    {
        Assert.Null(HeadcountRange.Of(null));
        Prop.ForAll<NonNegativeInt>(n => HeadcountRange.Of(-n.Get) is null).QuickCheckThrowOnFailure();
    }

    private static (long From, long To) Bounds(string range)
    {
        var parts = range.TrimEnd('+').Split('-');
        var from = long.Parse(parts[0], CultureInfo.InvariantCulture);
        return (from, parts.Length == 2 ? long.Parse(parts[1], CultureInfo.InvariantCulture) : long.MaxValue);
    }
}
