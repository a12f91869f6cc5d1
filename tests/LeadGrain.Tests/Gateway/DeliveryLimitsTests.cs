using System.Net;
using System.Text;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Tests.Gateway;

/// <summary>Deliveries from outside have no key; the limits hold for them all the same.</summary>
public sealed class DeliveryLimitsTests
{
    [Fact]
    public async Task A_flood_for_one_organization_is_refused_beyond_its_share_and_others_are_served()
    {
        await using var server = await StartAsync(("ORGANIZATION_MAX_IN_FLIGHT", "2"), ("MAX_IN_FLIGHT", "8"));
        var routing = server.Grid.Routing;
        routing.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new[] { DeliverAsync(server, "flooded"), DeliverAsync(server, "flooded") };
        await routing.Arrived.WaitAsync();
        await routing.Arrived.WaitAsync();

        for (var n = 0; n < 10; n++)
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, await DeliverAsync(server, "flooded"));
        }

        var other = DeliverAsync(server, "other");
        await routing.Arrived.WaitAsync();
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);
        routing.Barrier.SetResult();
        Assert.Equal(HttpStatusCode.OK, await other);
        Assert.All(await Task.WhenAll(held), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(HttpStatusCode.OK, await DeliverAsync(server, "flooded"));
    }

    [Fact]
    public async Task The_rate_that_an_organization_was_set_holds_for_its_deliveries()
    {
        await using var server = await StartAsync();
        server.Grid.Organization("clay/slow").Limits = new OrganizationLimits(1, 1, null);
        await DeliverAsync(server, "slow");

        // One a second passes: many at once, so that a slow machine comes to the second of them in time.
        await Eventually.FindAsync(
            "the rate is learned",
            () => Task.WhenAll(Enumerable.Range(0, 10).Select(_ => DeliverAsync(server, "slow"))),
            answers => answers.Contains(HttpStatusCode.TooManyRequests));

        Assert.Equal(HttpStatusCode.OK, await DeliverAsync(server, "quick"));
    }

    // Its sender repeats 5xx and time-outs only: what it tells, such as that somebody unsubscribed, would be lost by a 429.
    [Fact]
    public async Task Feedback_of_an_organization_over_its_rate_is_taken()
    {
        await using var server = await StartAsync(("ORGANIZATION_REQUESTS_PER_SECOND", "1"), ("ORGANIZATION_BURST", "1"));
        var leads = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => DeliverAsync(server, "eager")));
        Assert.Contains(HttpStatusCode.TooManyRequests, leads);

        var feedback = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ReportAsync(server, "eager")));

        Assert.All(feedback, answer => Assert.Equal((HttpStatusCode.OK, null), answer));
    }

    [Fact]
    public async Task Feedback_of_an_organization_with_too_much_under_way_is_put_off_with_503()
    {
        await using var server = await StartAsync(("ORGANIZATION_MAX_IN_FLIGHT", "2"));
        var routing = server.Grid.Routing;
        routing.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new[] { DeliverAsync(server, "busy"), DeliverAsync(server, "busy") };
        await routing.Arrived.WaitAsync();
        await routing.Arrived.WaitAsync();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), await ReportAsync(server, "busy"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await DeliverAsync(server, "busy"));

        routing.Barrier.SetResult();
        Assert.All(await Task.WhenAll(held), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal((HttpStatusCode.OK, null), await ReportAsync(server, "busy"));
    }

    [Fact]
    public async Task Only_so_many_proofs_are_checked_at_once_and_half_of_the_places_for_one_name()
    {
        await using var server = await StartAsync(("MAX_UNPROVEN", "4"));
        var routing = server.Grid.Routing;
        routing.ProofBarrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = new[] { DeliverAsync(server, "made up"), DeliverAsync(server, "made up") };
        await routing.ProofArrived.WaitAsync();
        await routing.ProofArrived.WaitAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await DeliverAsync(server, "made up"));
        var more = new[] { DeliverAsync(server, "a"), DeliverAsync(server, "b") };
        await routing.ProofArrived.WaitAsync();
        await routing.ProofArrived.WaitAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await DeliverAsync(server, "c"));

        routing.ProofBarrier.SetResult();
        Assert.All(await Task.WhenAll([.. first, .. more]), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(HttpStatusCode.OK, await DeliverAsync(server, "made up"));
    }

    private static async Task<GatewayServer> StartAsync(params (string Name, string Value)[] settings)
    {
        var server = await GatewayServer.StartAsync(settings: [("REFUSAL_DELAY", "00:00:00"), .. settings]);
        server.Grid.Routing.Ingested = new Keyed<IngestOutcome>(
            KeyUse.First, new IngestOutcome(Guid.NewGuid(), RoutedStatus.Held, new Health(HealthClass.Green, 100, []), null, null));
        return server;
    }

    private static async Task<(HttpStatusCode Status, TimeSpan? RetryAfter)> ReportAsync(GatewayServer server, string organization)
    {
        using var client = server.NewClient(null, null, null);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/smartlead?orgId={organization}");
        request.Headers.Add("X-Smartlead-Signature", "right");
        request.Content = new StringContent("{\"event_type\":\"LEAD_UNSUBSCRIBED\",\"lead_email\":\"jane@acme.example\"}", Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        return (response.StatusCode, response.Headers.RetryAfter?.Delta);
    }

    private static async Task<HttpStatusCode> DeliverAsync(GatewayServer server, string organization)
    {
        using var client = server.NewClient(null, null, null);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/ingest/clay?orgId={Uri.EscapeDataString(organization)}");
        request.Headers.Add("X-Clay-Token", "right");
        request.Content = new StringContent("""{"email":"jane@acme.example"}""", Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
