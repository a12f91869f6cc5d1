using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Buffer;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Buffer;

public sealed class WindowTests
{
    [Fact]
    public void A_window_takes_no_more_leads_than_it_may_hold_and_knows_how_far_it_has_read()
    {
        var window = new Window(maxLeads: 3, maxBytes: int.MaxValue, Share());
        window.StartAfter(10);
        Assert.Equal((10, 11), (window.ReadThrough, window.NextSeq));

        window.Fill(Leads(11, 5));

        Assert.Equal((3, 13, 11), (window.Count, window.ReadThrough, window.NextSeq));
        Assert.True(window.TryTake(out var front));
        Assert.Equal((11, 12), (front.Seq, window.NextSeq));
    }

    [Fact]
    public void A_window_takes_no_more_bytes_than_it_may_hold_but_always_one_lead()
    {
        var window = new Window(maxLeads: 100, maxBytes: 1_000, Share());
        window.Fill(Leads(1, 5, dataBytes: 5_000));
        Assert.Equal(1, window.Count);

        Assert.True(window.TryTake(out _));
        window.Fill(Leads(2, 9, dataBytes: 300));
        Assert.InRange(window.Count, 2, 3);
    }

    [Fact]
    public void An_empty_window_points_behind_what_it_has_read()
    {
        var window = new Window(maxLeads: 10, maxBytes: int.MaxValue, Share());
        window.Fill(Leads(1, 2));
        Assert.True(window.TryTake(out _) && window.TryTake(out _));
        Assert.False(window.TryTake(out _));
        Assert.Equal(3, window.NextSeq);
    }

    [Fact]
    public void A_window_takes_no_more_bytes_than_there_is_room_for_and_counts_what_it_holds()
    {
        var budget = new WaitingBudget(Options.Create(new BufferOptions { WaitingBytes = 1_000 }));
        var share = new WaitingShare(budget);
        var window = new Window(maxLeads: 100, maxBytes: 5_000, share);

        window.Fill(Leads(1, 9, dataBytes: 300), share.Left);
        Assert.Equal((2, 2), (window.Count, window.ReadThrough));
        var left = share.Left;
        Assert.InRange(left, 1, 399);
        Assert.Equal(1_000, budget.Left);
        share.Report();
        Assert.Equal((left, left), (budget.Left, share.Left));

        Assert.True(window.TryTake(out _));
        share.Report();
        Assert.Equal(1_000 - ((1_000 - left) / 2), budget.Left);
        share.End();
        window.Fill(Leads(3, 1));
        share.Report();
        Assert.Equal(1_000, budget.Left);
    }

    private static WaitingShare Share() => new(new WaitingBudget(Options.Create(new BufferOptions())));

    private static IEnumerable<WaitingLead> Leads(int first, int count, int dataBytes = 0) => Enumerable.Range(first, count)
        .Select(seq => new WaitingLead(seq, 1, new LeadOrigin(null, null, null), new NewLead($"{seq}@x.example", null, new byte[dataBytes])));
}
