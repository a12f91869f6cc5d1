using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.Sandbox.Apollo;

namespace LeadGrain.Tests.Enrichment;

public sealed class ProviderFailureTests
{
    private const string Email = "ada@acme.example";

    public static TheoryData<string, ProviderFailure, int?, int?> Failures => new()
    {
        { "unauthorized", ProviderFailure.Refused, 401, 0 },
        { "payment required", ProviderFailure.Refused, 402, 0 },
        { "inaccessible", ProviderFailure.Refused, 403, 0 },
        { "wrong path", ProviderFailure.Rejected, 404, 0 },
        { "request time-out", ProviderFailure.TimedOut, 408, 0 },
        { "unprocessable", ProviderFailure.Rejected, 422, 0 },
        { "throttled", ProviderFailure.Throttled, 429, 0 },
        { "error", ProviderFailure.Unavailable, 500, 0 },
        { "down", ProviderFailure.Unavailable, 503, 0 },
        { "redirect", ProviderFailure.Rejected, 307, 0 },
        { "closed", ProviderFailure.Unavailable, null, null },
        { "cut", ProviderFailure.Unreadable, 200, null },
        { "truncated", ProviderFailure.Unreadable, 200, null },
        { "html", ProviderFailure.Unreadable, 200, null },
        { "huge", ProviderFailure.Unreadable, 200, null },
        { "error as 200", ProviderFailure.Unreadable, 200, null },
        { "no person", ProviderFailure.Unreadable, 200, null },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_is_told_and_put_in_the_ledger_but_never_cached(string how, ProviderFailure kind, int? status, int? credits)
    {
        await using var rig = await EnrichmentRig.StartAsync();
        rig.Apollo.BehaveNext(1, Behavior(how));
        var email = await rig.ActivateAsync(Email);

        var outcome = Assert.IsType<EnrichOutcome.ProviderFailed>(await email.EnrichAsync());

        Assert.Equal(kind, outcome.Kind);
        var call = Assert.Single(await rig.LedgerAsync(Email));
        Assert.Equal((status, credits), (call.HttpStatus, call.Credits));
        Assert.Equal(kind.ToString(), call.Outcome!.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
        Assert.NotNull(call.FinishedAt);
        Assert.Equal(0, await rig.EntriesAsync());

        var after = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());
        Assert.False(after.Cached);
        Assert.NotNull(after.Profile);
    }

    [Fact]
    public async Task A_provider_that_never_answers_is_given_up_at_the_time_limit()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Hang());
        var email = await rig.ActivateAsync(Email);

        var asking = email.EnrichAsync();
        await rig.Apollo.Book.ArrivedAsync(1);
        rig.Time.Advance(TimeSpan.FromSeconds(14));
        Assert.False(asking.IsCompleted);
        rig.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(new EnrichOutcome.ProviderFailed(ProviderFailure.TimedOut, null), await asking);
        var call = Assert.Single(await rig.LedgerAsync(Email));
        Assert.Equal(("timed_out", null, null), (call.Outcome, call.HttpStatus, call.Credits));
        Assert.Equal(0, await rig.EntriesAsync());
    }

    [Fact]
    public async Task A_provider_that_cannot_be_reached_is_unavailable_and_cost_nothing()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var gone = await FakeApollo.StartAsync();
        await gone.DisposeAsync();
        var email = await rig.ActivateAsync(Email, rig.NewProcess(("APOLLO_SERVICE_URL", gone.Url.AbsoluteUri)));

        Assert.Equal(new EnrichOutcome.ProviderFailed(ProviderFailure.Unavailable, null), await email.EnrichAsync());
        var call = Assert.Single(await rig.LedgerAsync(Email));
        Assert.Equal(("unavailable", null, 0), (call.Outcome, call.HttpStatus, call.Credits));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await using var elsewhere = await FakeApollo.StartAsync();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.Redirect(new Uri($"{elsewhere.Url}/people/match?email=x@y.example")));

        await (await rig.ActivateAsync(Email)).EnrichAsync();

        Assert.Equal(0, elsewhere.Book.Arrived);
    }

    [Fact]
    public async Task Without_a_provider_nothing_is_asked_and_nothing_is_written()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email, rig.NewProcess(("APOLLO_SERVICE_URL", null), ("APOLLO_SERVICE_API_KEY", null)));

        Assert.IsType<EnrichOutcome.NotConfigured>(await email.EnrichAsync());
        Assert.Empty(await rig.LedgerAsync(Email));
    }

    private static ApolloBehavior Behavior(string how) => how switch
    {
        "unauthorized" => new ApolloBehavior.Unauthorized(),
        "payment required" => new ApolloBehavior.Broken(402),
        "inaccessible" => new ApolloBehavior.Inaccessible(),
        "wrong path" => new ApolloBehavior.Broken(404),
        "request time-out" => new ApolloBehavior.Broken(408),
        "unprocessable" => new ApolloBehavior.Unprocessable(),
        "throttled" => new ApolloBehavior.Throttled(null),
        "error" => new ApolloBehavior.Broken(500),
        "down" => new ApolloBehavior.Broken(503),
        "redirect" => new ApolloBehavior.Redirect(new Uri("https://elsewhere.example/")),
        "closed" => new ApolloBehavior.CloseConnection(),
        "cut" => new ApolloBehavior.CutBody(),
        "truncated" => new ApolloBehavior.TruncatedJson(),
        "html" => new ApolloBehavior.HtmlPage(),
        "huge" => new ApolloBehavior.HugeBody(1024 * 1024),
        "error as 200" => new ApolloBehavior.Body("""{"person":null,"error":"Insufficient credits"}"""),
        "no person" => new ApolloBehavior.Body("{}"),
        _ => throw new ArgumentOutOfRangeException(nameof(how), how, null),
    };
}
