using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class LargeBodyTests
{
    private const int Large = 20 * 1024 * 1024;

    private static readonly string s_padding = new('x', 100_000);

    [Fact]
    public async Task Bodies_beyond_the_memory_for_them_are_shed_and_taken_again_after()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("MAX_BODY_MEMORY", $"{32 * 1024 * 1024}"));
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = server.PostAsync("/buffer/push", Push(Large));
        await server.Grid.Arrived.WaitAsync();

        var shed = (await server.PostAsync("/buffer/push", Push(Large))).MustBeProblem(503, "overloaded");
        server.Grid.Barrier.SetResult();

        Assert.Equal(TimeSpan.FromSeconds(1), shed.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        await GatewayServer.ServedAsync(() => server.PostAsync("/buffer/push", Push(Large)));
    }

    [Fact]
    public async Task Small_requests_pass_while_large_ones_wait_for_their_turn()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("LARGE_BODIES_AT_ONCE", "1"));
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var large = Enumerable.Range(0, 4).Select(_ => server.PostAsync("/buffer/push", Push(1024 * 1024))).ToArray();
        await server.Grid.Arrived.WaitAsync();

        var small = server.PostAsync("/buffer/push", Push(1024));
        await server.Grid.Arrived.WaitAsync();
        Assert.Equal(0, server.Grid.Arrived.CurrentCount);
        Assert.DoesNotContain([small, .. large], push => push.IsCompleted);
        server.Grid.Barrier.SetResult();

        Assert.All(await Task.WhenAll([small, .. large]), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
    }

    [Fact]
    public async Task A_large_body_without_a_length_is_counted_as_it_comes()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("MAX_BODY_MEMORY", $"{32 * 1024 * 1024}"));
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = server.PostAsync("/buffer/push", Push(Large));
        await server.Grid.Arrived.WaitAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/buffer/push") { Content = new ByteArrayContent(Push(Large)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = true;

        (await Answer.OfAsync(await server.Client.SendAsync(request))).MustBeProblem(503, "overloaded");

        server.Grid.Barrier.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
    }

    [Fact]
    public async Task Who_waits_for_a_push_keeps_no_large_body_from_its_turn()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("LARGE_BODIES_AT_ONCE", "1"));
        var routing = server.Grid.Routing;
        routing.Ingested = new Keyed<IngestOutcome>(
            KeyUse.First, new IngestOutcome(Guid.NewGuid(), RoutedStatus.Held, new Health(HealthClass.Green, 100, []), new RuleTarget("1", null), null));
        routing.PushBarrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = server.PostAsync("/api/ingest", $$"""{"email":"jane@acme.example","notes":"{{s_padding}}"}""");
        await routing.PushAwaited.WaitAsync();

        await GatewayServer.ServedAsync(() => server.PostAsync("/buffer/push", Push(1024 * 1024)));

        Assert.False(waiting.IsCompleted);
        routing.PushBarrier.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await waiting).Status);
        await GatewayServer.ServedAsync(() => server.PostAsync("/buffer/push", Push(1024 * 1024)));
    }

    [Fact]
    public async Task Who_waits_for_a_lead_keeps_neither_a_turn_nor_memory_from_large_bodies()
    {
        var time = new FakeTime();
        await using var server = await GatewayServer.StartAsync(
            services => services.AddSingleton<TimeProvider>(time),
            settings: [("LARGE_BODIES_AT_ONCE", "1"), ("MAX_BODY_MEMORY", $"{32 * 1024 * 1024}")]);
        server.Grid.Time = time;
        var waiting = Enumerable.Range(0, 16).Select(_ => server.PostAsync(
            "/buffer/next", $$"""{"namespace":"empty","waitSeconds":30,"note":"{{new string('x', 900_000)}}"}""")).ToArray();
        for (var n = 0; n < 2 * waiting.Length; n++)
        {
            Assert.True(await server.Grid.Arrived.WaitAsync(Eventually.Patience)); // at once, and again to wait
        }

        await GatewayServer.ServedAsync(() => server.PostAsync("/buffer/push", Push(28 * 1024 * 1024)));

        Assert.DoesNotContain(waiting, pull => pull.IsCompleted);
        await Eventually.Async(
            "all are told", () => Array.TrueForAll(waiting, pull => pull.IsCompleted), between: () => time.Advance(TimeSpan.FromSeconds(1)));
        Assert.All(await Task.WhenAll(waiting), pull => Assert.Equal(HttpStatusCode.OK, pull.Status));
    }

    [Fact]
    public async Task A_refusal_that_is_held_back_keeps_no_large_body_from_its_turn()
    {
        var time = new FakeTime();
        await using var server = await GatewayServer.StartAsync(
            services => services.AddSingleton<TimeProvider>(time),
            settings: [("LARGE_BODIES_AT_ONCE", "1"), ("ORGANIZATION_MAX_IN_FLIGHT", "1"), ("REFUSAL_DELAY", "00:00:07")]);
        var routing = server.Grid.Routing;
        routing.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var served = DeliverAsync(server, "");
        await routing.Arrived.WaitAsync();
        var heldBack = time.SetAsync(static (_, due) => due == TimeSpan.FromSeconds(7));
        var refused = DeliverAsync(server, s_padding);
        await heldBack;

        await GatewayServer.ServedAsync(() => server.PostAsync("/buffer/push", Push(1024 * 1024)).WaitAsync(Eventually.Patience));

        Assert.False(refused.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await refused).StatusCode);
        routing.Barrier.SetException(new InvalidOperationException("It is not about this one."));
        await served;
    }

    private static Task<HttpResponseMessage> DeliverAsync(GatewayServer server, string note)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/ingest/clay?orgId=o")
        {
            Content = new StringContent($$"""{"email":"jane@acme.example","note":"{{note}}"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Clay-Token", "right");
        return server.Client.SendAsync(request);
    }

    private static byte[] Push(int bytes)
    {
        var leads = Enumerable.Range(0, Math.Max(1, bytes / (512 * 1024))).Select(
            n => $$"""{"email":"e{{n}}@x.example","data":"{{new string('x', Math.Min(bytes, 512 * 1024))}}"}""");
        return Encoding.UTF8.GetBytes($$"""{"namespace":"n","leads":[{{string.Join(',', leads)}}]}""");
    }
}
