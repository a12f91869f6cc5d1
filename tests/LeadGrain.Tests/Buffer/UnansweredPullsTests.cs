using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.Grains.Buffer;

namespace LeadGrain.Tests.Buffer;

public sealed class UnansweredPullsTests
{
    [Fact]
    public void What_is_noted_while_an_activation_takes_back_is_left_for_the_next()
    {
        var unanswered = new UnansweredPulls();
        ServedMark[] marks = [Mark(), Mark(), Mark()];
        unanswered.Add("a/b/c", marks[..2]);
        var taken = unanswered.Of("a/b/c");
        unanswered.Add("a/b/c", marks[2..]);

        unanswered.Forget("a/b/c", taken);
        Assert.Equal(marks[2..], unanswered.Of("a/b/c"));

        unanswered.Forget("a/b/c", unanswered.Of("a/b/c"));
        Assert.Empty(unanswered.Of("a/b/c"));
    }

    [Fact]
    public void What_is_noted_after_nothing_was_is_not_forgotten()
    {
        var unanswered = new UnansweredPulls();
        var taken = unanswered.Of("a/b/c");
        ServedMark[] marks = [Mark()];
        unanswered.Add("a/b/c", marks);

        unanswered.Forget("a/b/c", taken);

        Assert.Equal(marks, unanswered.Of("a/b/c"));
    }

    [Fact]
    public void A_pull_with_a_key_is_not_taken_back_since_a_repeat_may_have_been_answered()
    {
        var round = new PullRound(null);
        ServedMark[] marks = [Mark(), Mark()];

        round.Serve(new Pull(PullCommand.One, default), marks[0]);
        round.Serve(new Pull(new PullCommand(Key: new RequestKey("key", new byte[32])), default), marks[1]);

        Assert.Equal(marks[..1], round.PulledWithoutKey());
    }

    private static ServedMark Mark() => default(ServedMark) with { Id = Guid.CreateVersion7() };
}
