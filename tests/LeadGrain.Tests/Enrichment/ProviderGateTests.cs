using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.Grains.Enrichment;
using LeadGrain.Sandbox.Apollo;

namespace LeadGrain.Tests.Enrichment;

public sealed class ProviderGateTests
{
    [Fact]
    public async Task Until_the_provider_said_nobody_calls_it_again_for_any_email()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Throttled("30"));
        var ada = await rig.ActivateAsync("ada@acme.example");
        var bram = await rig.ActivateAsync("bram@acme.example");

        Assert.Equal(Throttled(30), await ada.EnrichAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(Throttled(20), await ada.EnrichAsync());
        Assert.Equal(Throttled(20), await bram.EnrichAsync());
        Assert.Equal(1, rig.Apollo.Book.Arrived);
        Assert.Empty(await rig.LedgerAsync("bram@acme.example"));

        rig.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.IsType<EnrichOutcome.Known>(await bram.EnrichAsync());
        Assert.Equal(["throttled"], (await rig.LedgerAsync("ada@acme.example")).Select(call => call.Outcome));
    }

    [Fact]
    public async Task A_date_to_retry_after_is_understood_too()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var date = rig.Time.GetUtcNow().AddSeconds(90).ToString("R", CultureInfo.InvariantCulture);
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Throttled(date));

        Assert.Equal(Throttled(90), await (await rig.ActivateAsync("ada@acme.example")).EnrichAsync());
    }

    [Fact]
    public async Task What_is_cached_is_served_while_the_gate_is_closed()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var ada = await rig.ActivateAsync("ada@acme.example");
        await ada.EnrichAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Throttled("30"));
        await (await rig.ActivateAsync("bram@acme.example")).EnrichAsync();

        Assert.IsType<EnrichOutcome.Known>(await ada.EnrichAsync());
    }

    [Fact]
    public async Task An_absurd_wait_is_cut_to_an_hour()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Throttled("99999999"));

        Assert.Equal(Throttled(3600), await (await rig.ActivateAsync("ada@acme.example")).EnrichAsync());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("soon")]
    [InlineData("Mon, 01 Jan 2001 00:00:00 GMT")]
    [InlineData(null)]
    public async Task A_throttle_that_names_no_time_to_come_closes_nothing(string? retryAfter)
    {
        await using var rig = await EnrichmentRig.StartAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Throttled(retryAfter));
        var ada = await rig.ActivateAsync("ada@acme.example");

        Assert.Equal(new EnrichOutcome.ProviderFailed(ProviderFailure.Throttled, null), await ada.EnrichAsync());
        Assert.IsType<EnrichOutcome.Known>(await ada.EnrichAsync());
    }

    [Fact]
    public void The_longest_of_the_asked_waits_counts_whatever_their_order() =>
        Prop.ForAll<PositiveInt[]>(waits =>
        {
            var gate = new ProviderGate(new FakeTime());
            Parallel.ForEach(waits, wait => gate.CloseFor(TimeSpan.FromMilliseconds(wait.Get)));
            return gate.ClosedFor == (waits.Length == 0 ? null : TimeSpan.FromMilliseconds(waits.Max(wait => wait.Get)));
        }).QuickCheckThrowOnFailure();

    private static EnrichOutcome.ProviderFailed Throttled(int seconds) => new(ProviderFailure.Throttled, TimeSpan.FromSeconds(seconds));
}
