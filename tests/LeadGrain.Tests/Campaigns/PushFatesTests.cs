using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

public sealed class PushFatesTests
{
    private static readonly PushFate s_pushed = new PushFate.Pushed("webhook");

    [Fact]
    public async Task One_who_leaves_takes_nothing_from_another_who_waits_for_the_same_lead()
    {
        var (fates, id) = (new PushFates(), Guid.NewGuid());
        var (first, second) = (fates.ComingAsync(id), fates.ComingAsync(id));

        fates.Leave(id, first);
        fates.Tell(id, s_pushed);

        Assert.True(second.IsCompletedSuccessfully);
        Assert.Equal(s_pushed, await second);
    }

    [Fact]
    public async Task One_who_leaves_after_being_told_takes_nothing_from_another_who_waits_for_the_next_push()
    {
        var (fates, id) = (new PushFates(), Guid.NewGuid());
        var first = fates.ComingAsync(id);
        fates.Tell(id, PushFate.Pending.Value);
        var second = fates.ComingAsync(id);

        fates.Leave(id, first);
        fates.Tell(id, s_pushed);

        Assert.True(second.IsCompletedSuccessfully);
        Assert.Equal(s_pushed, await second);
    }
}
