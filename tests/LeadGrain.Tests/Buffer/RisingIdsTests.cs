using LeadGrain.Grains.Buffer;

namespace LeadGrain.Tests.Buffer;

public sealed class RisingIdsTests
{
    private static readonly DateTimeOffset s_noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Identifiers_rise_within_a_millisecond_and_when_the_clock_steps_back()
    {
        var ids = new RisingIds();
        var made = Enumerable.Range(0, 10_000).Select(i => ids.Next(s_noon.AddHours(i % 3 == 0 ? -1 : 0))).ToList();

        Assert.Equal(made.Select(id => id.ToString()).Order(StringComparer.Ordinal), made.Select(id => id.ToString()));
        Assert.Equal(made.Count, made.Distinct().Count());
    }

    [Fact]
    public void An_identifier_is_a_version_7_uuid_of_its_instant()
    {
        var id = new RisingIds().Next(s_noon);

        Assert.Equal((7, 2), (id.Version, id.Variant >> 2));
        Assert.StartsWith($"{s_noon.ToUnixTimeMilliseconds():x12}", id.ToString("n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Threads_that_make_them_at_once_never_make_the_same()
    {
        var ids = new RisingIds();
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => Enumerable.Range(0, 5_000).Select(_ => ids.Next(s_noon).ToString()[..18]).ToList())));

        Assert.Equal(40_000, made.SelectMany(m => m).Distinct().Count());
    }
}
