using System.Net;
using LeadGrain.Gateway.Organizations;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class OrganizationLimitsTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public async Task Over_its_rate_an_organization_is_told_when_to_come_again_and_others_do_not_notice()
    {
        await using var server = await StartAsync(("ORGANIZATION_REQUESTS_PER_SECOND", "2"), ("ORGANIZATION_BURST", "3"), ("ORGANIZATION_MAX_IN_FLIGHT", "3"), ("REFUSAL_DELAY", "00:00:00.500"));
        using var other = server.NewClient("app", "other");
        var passed = new[] { await server.GetAsync("/leads"), await server.GetAsync("/leads"), await server.GetAsync("/leads") };

        // Held back, so that who asks again at once does not take the others' processors; it takes no place meanwhile.
        var held = new List<Task<Answer>>();
        for (var n = 0; n < 6; n++)
        {
            var heldBack = _time.SetAsync(static (_, due) => due == TimeSpan.FromSeconds(0.5));
            held.Add(server.GetAsync("/leads"));
            await heldBack;
            await server.GetAsync("/organization/limits");
        }

        Assert.All(held, refusal => Assert.False(refusal.IsCompleted));
        await Eventually.Async(
            "they are told", () => held.TrueForAll(refusal => refusal.IsCompleted), between: () => _time.Advance(TimeSpan.FromSeconds(0.5)));
        Assert.All(await Task.WhenAll(held), answer => answer.MustBeProblem(429, "rate_limited"));
        var refused = await held[0];

        Assert.All(passed, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(["2", "1", "0"], passed.Select(answer => Field(answer, "RateLimit-Remaining")));
        Assert.Equal(("3", "0", "2", "3;w=2"), Fields(refused));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, (await Answer.OfAsync(await other.GetAsync("/leads"))).Status);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);
    }

    [Fact]
    public async Task Without_a_rate_no_field_speaks_of_one()
    {
        await using var server = await StartAsync();

        var answer = await server.GetAsync("/leads");

        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("RateLimit", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task One_organizations_held_requests_leave_places_to_others_and_to_its_own_limits()
    {
        await using var server = await StartAsync(("ORGANIZATION_MAX_IN_FLIGHT", "2"), ("MAX_IN_FLIGHT", "4"), ("REFUSAL_DELAY", "00:00:00.900"));
        using var other = server.NewClient("app", "other");
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new[] { server.GetAsync("/leads"), server.GetAsync("/leads") };
        await server.Grid.Arrived.WaitAsync();
        await server.Grid.Arrived.WaitAsync();

        var refusals = new List<Task<Answer>>();
        for (var n = 0; n < 6; n++)
        {
            var heldBack = _time.SetAsync(static (_, due) => due == TimeSpan.FromSeconds(0.9));
            refusals.Add(server.GetAsync("/leads"));
            await heldBack;
        }

        var limits = await server.GetAsync("/organization/limits");
        var theirs = other.GetAsync("/leads");
        await server.Grid.Arrived.WaitAsync();
        server.Grid.Barrier.SetResult();

        await Eventually.Async(
            "what was held back is answered", () => refusals.All(refusal => refusal.IsCompleted), between: () => _time.Advance(TimeSpan.FromSeconds(1)));
        Assert.All(await Task.WhenAll(refusals), answer => answer.MustBeProblem(429, "too_many_in_flight"));
        var refused = await refusals[0];
        Assert.Equal(("2", "0", "1"), (Field(refused, "RateLimit-Limit"), Field(refused, "RateLimit-Remaining"), Field(refused, "RateLimit-Reset")));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, limits.Status);
        Assert.Equal(HttpStatusCode.OK, (await theirs).StatusCode);
        Assert.All(await Task.WhenAll(held), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await GatewayServer.ServedAsync(() => server.GetAsync("/leads"));
    }

    [Fact]
    public async Task Limits_that_are_set_hold_at_once_and_are_told()
    {
        await using var server = await StartAsync(("ORGANIZATION_REQUESTS_PER_SECOND", "1000"), ("REFUSAL_DELAY", "00:00:00"));

        var set = await server.PutAsync("/organization/limits", """{"requestsPerSecond":1,"burst":2,"maxInFlight":null,"note":"?"}""");

        const string Told = """{"requestsPerSecond":1,"burst":2,"maxInFlight":null,"effective":{"requestsPerSecond":1,"burst":2,"maxInFlight":1024}}""";
        Assert.Equal((HttpStatusCode.OK, Told), (set.Status, set.Body));
        Assert.Equal(Told, (await server.GetAsync("/organization/limits")).Body);
        Assert.Equal(new OrganizationLimits(1, 2, null), server.Grid.Organization("app/org").Limits);
        Assert.Equal(("2", "1", "1", "2;w=2"), Fields(await server.GetAsync("/leads")));

        await server.PutAsync("/organization/limits", "{}");
        Assert.Equal("1000", Field(await server.GetAsync("/leads"), "RateLimit-Limit"));
    }

    [Theory]
    [InlineData("""{"requestsPerSecond":0}""", "requestsPerSecond")]
    [InlineData("""{"requestsPerSecond":1.5}""", "requestsPerSecond")]
    [InlineData("""{"burst":"many"}""", "burst")]
    [InlineData("""{"burst":1000001}""", "burst")]
    [InlineData("""{"maxInFlight":-1}""", "maxInFlight")]
    public async Task Limits_that_are_none_are_refused(string body, string member)
    {
        await using var server = await StartAsync();

        (await server.PutAsync("/organization/limits", body)).MustBeProblem(400, "invalid_member", member);

        Assert.Equal(OrganizationLimits.Default, server.Grid.Organization("app/org").Limits);
    }

    [Fact]
    public async Task Limits_set_elsewhere_are_learned_in_the_background_and_kept_while_nobody_can_tell()
    {
        await using var server = await StartAsync();
        var grain = server.Grid.Organization("app/org");
        grain.Limits = new OrganizationLimits(5, null, null);
        await server.GetAsync("/leads");
        await grain.LimitsAsked.WaitAsync();
        await LearnedAsync(server, "5");

        grain.Limits = new OrganizationLimits(7, null, null);
        _time.Advance(OrganizationShares.RefreshPeriod);
        await server.GetAsync("/leads");
        await grain.LimitsAsked.WaitAsync();
        await LearnedAsync(server, "7");

        grain.LimitsFault = new TimeoutException("gone");
        _time.Advance(OrganizationShares.RefreshPeriod);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);
        await grain.LimitsAsked.WaitAsync();
        Assert.Equal("7", Field(await server.GetAsync("/leads"), "RateLimit-Limit"));
    }

    [Fact]
    public async Task Of_two_gateways_each_counts_for_itself_and_a_limit_set_through_one_is_the_others_within_ten_seconds()
    {
        await using var first = await StartAsync(("REFUSAL_DELAY", "00:00:00"));
        await using var second = await GatewayServer.StartAsync(
            services => services.AddSingleton<TimeProvider>(_time).AddSingleton(first.Grid.Grains), settings: ("REFUSAL_DELAY", "00:00:00"));
        var grain = first.Grid.Organization("app/org");
        await second.GetAsync("/leads");
        await grain.LimitsAsked.WaitAsync();

        await first.PutAsync("/organization/limits", """{"requestsPerSecond":1,"burst":2}""");
        _time.Advance(TimeSpan.FromSeconds(10));
        await LearnedAsync(second, "2");
        _time.Advance(TimeSpan.FromSeconds(2));

        foreach (var gateway in (GatewayServer[])[first, second])
        {
            Assert.Equal("1", Field(await gateway.GetAsync("/leads"), "RateLimit-Remaining"));
            Assert.Equal("0", Field(await gateway.GetAsync("/leads"), "RateLimit-Remaining"));
            (await gateway.GetAsync("/leads")).MustBeProblem(429, "rate_limited");
        }
    }

    [Fact]
    public async Task Limits_read_before_others_were_set_do_not_come_back()
    {
        await using var server = await StartAsync(("ORGANIZATION_REQUESTS_PER_SECOND", "1000"));
        var grain = server.Grid.Organization("app/org");
        var told = new TaskCompletionSource();
        grain.LimitsTold = told.Task;

        // The first request of an organization has its limits read: none are set yet.
        await server.GetAsync("/leads");
        await grain.LimitsAsked.WaitAsync();
        await server.PutAsync("/organization/limits", """{"requestsPerSecond":5,"burst":5}""");
        await Task.Run(told.SetResult); // what was read goes on inside, to its end

        Assert.Equal("5", Field(await server.GetAsync("/leads"), "RateLimit-Limit"));
    }

    [Fact]
    public async Task Idle_organizations_are_forgotten()
    {
        await using var server = await StartAsync();
        var shares = server.App.Services.GetRequiredService<OrganizationShares>();
        for (var n = 0; n < 20; n++)
        {
            using var client = server.NewClient("app", $"org-{n}");
            using var answer = await client.GetAsync("/leads");
        }

        Assert.Equal(20, shares.Count);
        _time.Advance(TimeSpan.FromSeconds(55));
        await server.GetAsync("/leads");
        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(1, shares.Count);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);
    }

    [Fact]
    public async Task An_idle_organization_is_not_forgotten_before_its_burst_is_whole_again()
    {
        await using var server = await StartAsync();
        await server.PutAsync("/organization/limits", """{"requestsPerSecond":1,"burst":80}""");
        for (var n = 0; n < 75; n++)
        {
            await server.GetAsync("/leads");
        }

        _time.Advance(TimeSpan.FromSeconds(72));

        Assert.Equal(("80", "76", "4", "80;w=80"), Fields(await server.GetAsync("/leads")));
    }

    private Task<GatewayServer> StartAsync(params (string Name, string Value)[] settings)
        => GatewayServer.StartAsync(services => services.AddSingleton<TimeProvider>(_time), settings: settings);

    private static async Task LearnedAsync(GatewayServer server, string limit) => await Eventually.FindAsync(
        $"{limit} is the limit", async () => Field(await server.GetAsync("/leads"), "RateLimit-Limit"), found => found == limit);

    private static string? Field(Answer answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.Single() : null;

    private static (string?, string?, string?, string?) Fields(Answer answer) => (
        Field(answer, "RateLimit-Limit"), Field(answer, "RateLimit-Remaining"), Field(answer, "RateLimit-Reset"), Field(answer, "RateLimit-Policy"));
}
