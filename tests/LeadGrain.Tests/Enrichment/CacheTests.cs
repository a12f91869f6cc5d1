using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.Sandbox.Apollo;

namespace LeadGrain.Tests.Enrichment;

public sealed class CacheTests
{
    private const string Email = "ada@acme.example";
    private const string Nobody = "nobody@acme.example";

    [Fact]
    public async Task A_found_person_is_paid_once_and_served_from_memory_and_after_a_restart()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);

        var fetched = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());
        var again = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());
        var restarted = Assert.IsType<EnrichOutcome.Known>(await (await rig.ActivateAsync(Email, rig.NewProcess())).EnrichAsync());

        Assert.False(fetched.Cached);
        Assert.NotNull(fetched.Profile?.OrganizationSize);
        Assert.Equal(fetched with { Cached = true }, again);
        Assert.Equal(again, restarted);
        var call = Assert.Single(await rig.LedgerAsync(Email));
        Assert.Equal(("found", 200, 1, EnrichmentRig.Tenant), (call.Outcome, call.HttpStatus, call.Credits, call.Requester));
        Assert.Equal(1, rig.Apollo.Book.Credits);
        Assert.Equal(fetched.Profile!.FirstName, await rig.ScalarAsync<string>("select response_raw -> 'person' ->> 'first_name' from enrichments"));
    }

    [Fact]
    public async Task A_cached_person_is_served_while_the_provider_and_its_configuration_are_gone()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await (await rig.ActivateAsync(Email)).EnrichAsync();

        var bare = rig.NewProcess(("APOLLO_SERVICE_URL", null), ("APOLLO_SERVICE_API_KEY", null));

        Assert.True(Assert.IsType<EnrichOutcome.Known>(await (await rig.ActivateAsync(Email, bare)).EnrichAsync()).Cached);
    }

    [Fact]
    public async Task Nobody_is_believed_for_a_day_and_then_asked_for_again_under_the_same_id()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Nobody);

        var first = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());
        rig.Time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        var believed = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        var asked = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());

        Assert.Null(first.Profile);
        Assert.Equal((false, true, false), (first.Cached, believed.Cached, asked.Cached));
        Assert.Equal(first.Id, asked.Id);
        Assert.Equal(["not_found", "not_found"], (await rig.LedgerAsync(Nobody)).Select(call => call.Outcome));
        Assert.Equal(0, rig.Apollo.Book.Credits);
        Assert.Equal(2, rig.Apollo.Book.Calls.Count);
    }

    [Fact]
    public async Task A_found_person_is_believed_for_ever_unless_set_otherwise()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await (await rig.ActivateAsync(Email)).EnrichAsync();
        rig.Time.Advance(TimeSpan.FromDays(30));

        var believing = await rig.ActivateAsync(Email);
        var doubting = await rig.ActivateAsync(Email, rig.NewProcess(("Enrichment:FoundFor", "30.00:00:00")));

        Assert.True(Assert.IsType<EnrichOutcome.Known>(await believing.EnrichAsync()).Cached);
        Assert.False(Assert.IsType<EnrichOutcome.Known>(await doubting.EnrichAsync()).Cached);
    }

    [Fact]
    public async Task What_another_process_stored_after_the_activation_is_not_paid_again()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var here = await rig.ActivateAsync(Email);
        var there = await rig.ActivateAsync(Email, rig.NewProcess());
        await there.EnrichAsync();

        Assert.True(Assert.IsType<EnrichOutcome.Known>(await here.EnrichAsync()).Cached);
        Assert.Single(await rig.LedgerAsync(Email));
    }

    [Theory]
    [InlineData("""{"person":{"first_name":"A\u0000da","last_name":"\ud800","headline":"\u0000"}}""")]
    [InlineData("""{"person":{"first_name":"Ada","first_name":"Ada","n":1e999}}""")]
    [InlineData(""" {"person":{"first_name":"Ada","notes":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}} """)]
    public async Task Awkward_answers_are_stored_as_they_came(string json)
    {
        await using var rig = await EnrichmentRig.StartAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Body(json));
        var email = await rig.ActivateAsync(Email);

        Assert.Equal("Ada", Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Profile?.FirstName);
        Assert.True(email.Settling.IsCompleted);
        Assert.Equal(json, await rig.ScalarAsync<string>("select response_raw::text from enrichments where first_name = 'Ada'"));
    }

    [Fact]
    public async Task No_log_line_names_an_email_or_the_key()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await (await rig.ActivateAsync(Email)).EnrichAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Broken(500));
        await (await rig.ActivateAsync("bram@acme.example")).EnrichAsync();

        Assert.NotEmpty(rig.Log.Lines);
        Assert.DoesNotContain(rig.Log.Lines, line => line.Contains("acme.example", StringComparison.Ordinal) || line.Contains("acme%", StringComparison.Ordinal));
        Assert.DoesNotContain(rig.Log.Lines, line => line.Contains(rig.Apollo.ApiKey, StringComparison.Ordinal));
    }
}
