using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Grains.Enrichment;

namespace LeadGrain.Tests.Enrichment;

public sealed class StoreBackOffTests
{
    [Fact]
    public void Waits_grow_are_spread_by_half_and_end_at_thirty_seconds() =>
        Prop.ForAll<PositiveInt, byte>((attempt, jitter) =>
        {
            var random = jitter / 255.0;
            var wait = StoreBackOff.Before(attempt.Get, random);
            return wait > TimeSpan.Zero
                && wait <= TimeSpan.FromSeconds(30)
                && wait <= StoreBackOff.Before(attempt.Get + 1, random)
                && StoreBackOff.Before(attempt.Get, 0) * 2 == StoreBackOff.Before(attempt.Get, 1);
        }).QuickCheckThrowOnFailure();
}
