using LeadGrain.Grains.Buffer;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Buffer;

public sealed class ServedSetTests
{
    [Fact]
    public void It_knows_what_was_added_and_nothing_else()
    {
        var set = new ServedSet(Budget(1 << 20));
        Assert.All(Enumerable.Range(0, 10_000), n => Assert.True(set.Add(ServedSet.Hash($"{n}@x.example"))));

        Assert.All(Enumerable.Range(0, 10_000), n => Assert.True(set.Contains(ServedSet.Hash($"{n}@x.example"))));
        Assert.All(Enumerable.Range(10_000, 10_000), n => Assert.False(set.Contains(ServedSet.Hash($"{n}@x.example"))));
        Assert.False(set.Add(ServedSet.Hash("0@x.example")));
    }

    [Fact]
    public void Hashes_that_meet_in_one_slot_are_kept_apart()
    {
        var set = new ServedSet(Budget(1 << 20));
        ulong[] hashes = [16, 32, 48, 64, 15, 31, ulong.MaxValue];
        Assert.All(hashes, hash => Assert.True(set.Add(hash)));
        Assert.All(hashes, hash => Assert.True(set.Contains(hash)));
        Assert.False(set.Contains(80));
    }

    [Fact]
    public void A_text_and_its_utf8_have_one_hash_however_long()
    {
        var longest = new string('ß', 700) + "@x.example";
        Assert.Equal(ServedSet.Hash(longest), ServedSet.Hash(System.Text.Encoding.UTF8.GetBytes(longest)));
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public void A_served_lead_takes_at_most_forty_bytes_also_while_the_table_grows(int leads)
    {
        var budget = new ServedSetBudget(Options.Create(new BufferOptions { ServedSetBytes = leads * 40L }));
        var set = new ServedSet(budget);
        set.Complete();
        for (var n = 0; n < leads; n++)
        {
            set.Add((ulong)n * 0x9E3779B97F4A7C15 | 1);
        }

        Assert.True(set.IsComplete);
    }

    [Fact]
    public void Beyond_the_budget_it_is_given_up_and_gives_its_room_to_others()
    {
        var budget = Budget(64 * sizeof(ulong));
        var set = new ServedSet(budget);
        set.Complete();
        for (var n = 1ul; n <= 100; n++)
        {
            Assert.True(set.Add(n));
        }

        Assert.Equal((true, false, false), (set.IsAbandoned, set.IsComplete, set.Contains(1)));
        Assert.True(budget.TryTake(64));
        Assert.False(budget.TryTake(1));
    }

    private static ServedSetBudget Budget(long bytes) => new(Options.Create(new BufferOptions { ServedSetBytes = bytes }));
}
