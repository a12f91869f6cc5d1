using System.Net;
using LeadGrain.Gateway.Calls;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.Routing;

/// <summary>What `/api/ingest` answers for every fate of a push.</summary>
public sealed class IngestAnswerTests
{
    private const string Body = """{"email":"jane@acme.example","lead_score":"","persona":"CEO"}""";

    private static readonly Guid s_id = new("0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10");
    private static readonly Health s_green = new(HealthClass.Green, 100, []);

    [Theory]
    [InlineData("pushed", "ACTIVE", true)]
    [InlineData("pending", "HELD", false)]
    [InlineData("failed", "HELD", false)]
    [InlineData("failed for good", "DEAD", false)]
    [InlineData("unknown_campaign", "HELD", false)]
    public async Task A_push_is_told_as_it_went(string state, string status, bool pushed)
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Routing.Ingested = First(RoutedStatus.Held, new RuleTarget("123456", null));
        server.Grid.Routing.Fate = state switch
        {
            "pushed" => new PushFate.Pushed("smartlead"),
            "failed" => new PushFate.Failed("invalid API key"),
            "failed for good" => new PushFate.Failed("invalid API key", IsFinal: true),
            "pending" => PushFate.Pending.Value,
            _ => PushFate.Unknown.Value,
        };

        var data = (await server.PostAsync("/api/ingest", Body)).Json["data"]!;

        Assert.Equal(("Lead ingested successfully", "123456", pushed, status), (
            (string)data["message"]!, (string)data["assignedCampaignId"]!, (bool)data["pushedToSmartlead"]!, (string)data["status"]!));
        Assert.Equal((state.Split(' ')[0], state.StartsWith("failed", StringComparison.Ordinal) ? "invalid API key" : null), ((string)data["push"]!["state"]!, (string?)data["push"]!["reason"]));
        Assert.Equal(s_id, (Guid)data["leadId"]!);
    }

    [Theory]
    [InlineData("no owner")]
    [InlineData("no database")]
    [InlineData("timed out")]
    [InlineData("answer lost")]
    public async Task A_lead_that_is_taken_in_is_answered_as_such_whatever_becomes_of_the_wait_for_its_push(string fault)
    {
        await using var server = await GatewayServer.StartAsync(settings: ("GRAIN_CALL_TIMEOUT", "00:00:05"));
        server.Grid.Routing.Ingested = First(RoutedStatus.Held, new RuleTarget("1", null));
        server.Grid.Routing.WaitFault = fault switch
        {
            "no owner" => new OwnershipLostException("moved"),
            "no database" => new StorageUnavailableException("gone"),
            "timed out" => new CallTimedOutException(TimeSpan.FromSeconds(1), new OperationCanceledException()),
            _ => new OperationCanceledException(), // by nobody's wish
        };

        var answer = await server.PostAsync("/api/ingest?wait=1", Body);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(("HELD", "pending"), ((string)answer.Json["data"]!["status"]!, (string)answer.Json["data"]!["push"]!["state"]!));
        Assert.Single(server.Grid.Routing.Commands);
    }

    [Fact]
    public async Task The_wait_is_the_settings_or_the_querys_own_and_none_is_none()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("INGEST_PUSH_WAIT", "00:00:02"));
        server.Grid.Routing.Ingested = First(RoutedStatus.Held, new RuleTarget("1", null));

        await server.PostAsync("/api/ingest", Body);
        await server.PostAsync("/api/ingest?wait=30", Body);
        await server.PostAsync("/api/ingest?wait=0", Body);
        var wrong = await server.PostAsync("/api/ingest?wait=31", Body);

        Assert.Equal([TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30)], server.Grid.Routing.Waits);
        Assert.Equal((HttpStatusCode.BadRequest, false), (wrong.Status, (bool)wrong.Json["success"]!));
        Assert.Equal(3, server.Grid.Routing.Commands.Count);
    }

    [Fact]
    public async Task Blocked_and_held_leads_have_the_seeds_messages_and_no_push()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Routing.Ingested = First(RoutedStatus.Blocked, null);
        var blocked = (await server.PostAsync("/api/ingest", Body)).Json;
        server.Grid.Routing.Ingested = First(RoutedStatus.Held, null);
        var held = (await server.PostAsync("/api/ingest", Body)).Json;

        Assert.Equal((true, "Lead blocked by health gate", "Lead in holding pool"), (
            (bool)blocked["success"]!, (string)blocked["data"]!["message"]!, (string)held["data"]!["message"]!));
        Assert.Null(blocked["data"]!["push"]);
        Assert.Null(held["data"]!["assignedCampaignId"]);
        Assert.Empty(server.Grid.Routing.Waits);
    }

    [Fact]
    public async Task The_body_travels_byte_for_byte_where_nothing_has_to_be_found()
    {
        const string Odd = """{ "email":"jane@acme.example" , "x":1.50,"first_name":"J\u00e9" }""";
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Routing.Ingested = First(RoutedStatus.Held, null);

        await server.PostAsync("/api/ingest", Odd);

        Assert.Equal(Odd, System.Text.Encoding.UTF8.GetString(server.Grid.Routing.Commands[0].Lead.Data));
    }

    [Fact]
    public async Task Clays_token_opens_and_a_body_that_is_no_lead_is_refused_after_it()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Routing.Ingested = First(RoutedStatus.Held, null);
        using var client = server.NewClient(null, null, null);
        client.DefaultRequestHeaders.Add("X-Clay-Token", "right");

        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(HttpMethod.Post, "/api/ingest/clay?orgId=o", Body)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.SendAsync(HttpMethod.Post, "/api/ingest/clay?orgId=o", "{")).Status);
        Assert.Equal(("clay", true), (server.Grid.Routing.Commands[0].Lead.Source, server.Grid.Routing.Commands[0].IsDelivery));
    }

    private static Keyed<IngestOutcome> First(string status, RuleTarget? target)
        => new(KeyUse.First, new IngestOutcome(s_id, status, status == RoutedStatus.Blocked ? s_green with { Class = HealthClass.Red, Score = 0 } : s_green, target, null));
}
