using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Leases;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Leases;

/// <summary>The part of the held leads that memory has, against all of them.</summary>
public sealed class HeldLeadsTests
{
    private const int Bound = 4;
    private const int MaxBytes = 350;
    private const int LargestSize = 200;

    private readonly SortedDictionary<Place, (HeldLead Lead, long? DueAt)> _all = [];
    private WaitingBudget _budget = null!;
    private WaitingShare _share = null!;
    private HeldLeads _held = null!;
    private long _now;

    public HeldLeadsTests() => StartWith(10_000);

    [Theory]
    [InlineData(1, 10_000)]
    [InlineData(1, 0)]
    [InlineData(2, 10_000)]
    [InlineData(2, 50)]
    [InlineData(3, 10_000)]
    [InlineData(3, 100)]
    [InlineData(4, 10_000)]
    [InlineData(4, 150)]
    [InlineData(5, 10_000)]
    [InlineData(5, 200)]
    [InlineData(6, 10_000)]
    [InlineData(6, 250)]
    public void The_first_one_in_memory_is_the_first_of_all_whatever_was_added_taken_and_returned(int seed, int room)
    {
        StartWith(room);
        var random = new Random(seed);
        for (var step = 1; step <= 4_000; step++)
        {
            Step(random, step);
            ReadWhereNeeded(random, step);
            var waiting = _all.Values.Where(one => one.DueAt is null).Select(one => one.Lead.Place).ToList();
            Assert.Equal(waiting.Count > 0, _held.TryPeek(out var first));
            Assert.True(waiting.Count == 0 || waiting[0] == first.Place);
            Assert.InRange(_held.WaitingBytes, waiting.Count > 0 ? 1 : 0, Math.Min(MaxBytes, room) + LargestSize);
            _share.Report();
            Assert.Equal(room - _held.WaitingBytes, _budget.Left);
            Assert.Equal(_all.Values.Count(one => one.DueAt is not null), _held.OutCount);
            Assert.Equal(_all.Values.Min(one => one.DueAt), _held.NextDueAt);
        }
    }

    [Fact]
    public void An_extended_lease_ends_at_its_new_time_only()
    {
        var (lead, lease) = (Lead(1, 0), Guid.NewGuid());
        _held.PutOut(new HeldLead(lead, new HeldState(1, lease)), dueAt: 10);
        _held.PutOut(new HeldLead(lead, new HeldState(1, lease)), dueAt: 20);

        Assert.False(_held.TryTakeDue(19, out _));
        Assert.NotNull(_held.OnLease(lease, 19));
        Assert.Null(_held.OnLease(lease, 20));
        Assert.True(_held.TryTakeDue(20, out var due));
        Assert.Equal((lead.Place, 0, false), (due.Place, _held.OutCount, _held.IsOut("1@x.example")));
    }

    private void StartWith(long room)
    {
        _budget = new WaitingBudget(Options.Create(new BufferOptions { WaitingBytes = room }));
        _share = new WaitingShare(_budget);
        _held = new HeldLeads(Bound, MaxBytes, _share);
    }

    private void Step(Random random, int step)
    {
        _now++;
        switch (random.Next(5))
        {
            case 0 or 1:
                var added = new HeldLead(Lead(step, random.Next(-2, 3)), new HeldState(0));
                _all[added.Place] = (added, null);
                _held.Add(added);
                break;
            case 2 when _held.TryPeek(out var first):
                _held.Remove(first.Place);
                _all.Remove(first.Place);
                break;
            case 3 when _held.TryPeek(out var first):
                _held.Remove(first.Place);
                var dueAt = _now + random.Next(1, 50);
                var state = new HeldState(1, Guid.NewGuid());
                _held.PutOut(new HeldLead(first.Lead, state), dueAt);
                _all[first.Place] = (new HeldLead(first.Lead, state), dueAt);
                break;
        }

        while (_held.TryTakeDue(_now, out var due))
        {
            Assert.True(_all[due.Place].DueAt <= _now);
            _all[due.Place] = (due, null);
            _held.Add(due);
        }
    }

    // As a grain reads: a push may add to the buffer while the read is under way.
    private void ReadWhereNeeded(Random random, int step)
    {
        while (_held.MustRead)
        {
            var after = _held.BeginRead(wanted: 1);
            var bytes = 0;
            var behind = _all.Where(one => one.Key.CompareTo(after) > 0).Select(one => one.Value.Lead).ToList();
            var read = behind.Take(Bound).TakeWhile(lead => (bytes += lead.Lead.Size) - lead.Lead.Size < MaxBytes).ToList();
            if (random.Next(2) == 0)
            {
                var late = new HeldLead(Lead(1_000_000 + step, random.Next(-2, 3)), new HeldState(0));
                _all[late.Place] = (late, null);
                _held.Add(late);
            }

            _held.EndRead(read, wasLast: read.Count < Bound && read.Count == behind.Count);
        }
    }

    private static WaitingLead Lead(long seq, int priority)
        => new(seq, 1, new LeadOrigin(null, null, null), new NewLead($"{seq}@x.example", null, seq % 3 == 0 ? new byte[100] : null, priority));
}
