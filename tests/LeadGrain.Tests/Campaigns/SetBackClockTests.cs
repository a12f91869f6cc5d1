using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

/// <summary>What was stored by a clock that has been set back since ends no later than it could have been granted.</summary>
public sealed class SetBackClockTests
{
    [Fact]
    public void A_circuit_is_open_no_longer_than_it_may_be_and_a_target_waited_for_no_longer_than_it_may_ask()
    {
        var now = new FakeTime().GetUtcNow();
        var (longest, longestAsked) = (TimeSpan.FromMinutes(10), TimeSpan.FromDays(1));

        var open = Breaker(new StoredBreaker(7, now.AddDays(9)));
        var asked = Breaker(new StoredBreaker(0, null, now.AddDays(9)));
        var shorter = Breaker(new StoredBreaker(7, now.AddMinutes(1), now.AddMinutes(2)));

        Assert.Equal((longest, longestAsked, TimeSpan.FromMinutes(2)), (open.WaitAt(now), asked.WaitAt(now), shorter.WaitAt(now)));
        Assert.Equal(7, open.Failures);

        CircuitBreaker Breaker(StoredBreaker state) => new LastingBreaker(new Stored<StoredBreaker>(state), now, longest, longestAsked).Now;
    }

    private sealed class Stored<T>(T state) : IPersistentState<T>
    {
        public T State { get; set; } = state;

        public string? Etag => "1";

        public bool RecordExists => true;

        public Task ClearStateAsync() => throw new NotSupportedException();

        public Task WriteStateAsync() => Task.CompletedTask;

        public Task ReadStateAsync() => throw new NotSupportedException();
    }
}
