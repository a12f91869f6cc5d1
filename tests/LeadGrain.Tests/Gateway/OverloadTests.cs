using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class OverloadTests
{
    [Fact]
    public async Task Requests_over_the_limit_are_shed_and_served_again_after()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("MAX_IN_FLIGHT", "2"));
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new[] { server.GetAsync("/leads"), server.GetAsync("/cursor/n") };
        await server.Grid.Arrived.WaitAsync();
        await server.Grid.Arrived.WaitAsync();

        var shed = await server.PostAsync("/buffer/push", new byte[4 * 1024 * 1024]);
        var health = await server.GetAsync("/health/ready");
        server.Grid.Barrier.SetResult();
        var answers = await Task.WhenAll(held);
        var after = await server.GetAsync("/leads");

        shed.MustBeProblem(503, "overloaded");
        Assert.Equal(TimeSpan.FromSeconds(1), shed.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.All([.. answers, after], answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
    }

    [Fact]
    public async Task A_refusal_is_held_back_for_a_moment_and_beyond_a_bound_comes_at_once()
    {
        var time = new FakeTime();
        await using var server = await GatewayServer.StartAsync(
            services => services.AddSingleton<TimeProvider>(time), settings: [("MAX_IN_FLIGHT", "1"), ("REFUSAL_DELAY", "00:00:00.100")]);
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var served = server.GetAsync("/leads");
        await server.Grid.Arrived.WaitAsync();

        var refused = Enumerable.Range(0, 5).Select(_ => server.GetAsync("/leads")).ToList();
        var atOnce = await Task.WhenAny(refused);
        (await atOnce).MustBeProblem(503, "overloaded");
        refused.Remove(atOnce);
        Assert.All(refused, held => Assert.False(held.IsCompleted));

        // Again and again: one may be counted as held and not wait yet.
        await Eventually.Async(
            "all are told", () => refused.TrueForAll(held => held.IsCompleted), between: () => time.Advance(TimeSpan.FromMilliseconds(100)));
        Assert.All(await Task.WhenAll(refused), held => held.MustBeProblem(503, "overloaded"));

        server.Grid.Barrier.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await served).Status);
    }

    [Fact]
    public async Task Refused_and_failed_requests_do_not_use_the_limit_up()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("MAX_IN_FLIGHT", "1"));
        for (var n = 0; n < 5; n++)
        {
            server.Grid.Faults.Enqueue(new InvalidOperationException("bug"));
            Assert.Equal(HttpStatusCode.InternalServerError, (await server.GetAsync("/leads")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync("/leads?limit=0")).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);
    }
}
