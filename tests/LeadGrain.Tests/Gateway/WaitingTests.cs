using System.Net;
using LeadGrain.Gateway;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Gateway;

public sealed class WaitingTests : IDisposable
{
    private readonly TaskCompletionSource _pushed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _waiting = new(0);

    public void Dispose() => _waiting.Dispose();

    [Fact]
    public async Task Requests_that_wait_take_no_places()
    {
        await using var server = await StartAsync(("MAX_IN_FLIGHT", "2"));
        var waiters = new List<Task<Answer>>();
        for (var n = 0; n < 10; n++)
        {
            waiters.Add(server.GetAsync("/wait"));
            await WaitingAsync(1);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);
        await server.Grid.Arrived.WaitAsync();
        _pushed.SetResult();

        Assert.All(await Task.WhenAll(waiters), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        server.Grid.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var places = new[] { GatewayServer.ServedAsync(() => server.GetAsync("/leads")), GatewayServer.ServedAsync(() => server.GetAsync("/leads")) };
        await server.Grid.Arrived.WaitAsync();
        await server.Grid.Arrived.WaitAsync();
        (await server.GetAsync("/leads")).MustBeProblem(503, "overloaded");
        server.Grid.Barrier.SetResult();
        await Task.WhenAll(places);
    }

    [Fact]
    public async Task More_waiters_than_the_bound_are_shed()
    {
        await using var server = await StartAsync(("MAX_WAITING", "2"));
        var waiters = new[] { server.GetAsync("/wait"), server.GetAsync("/wait") };
        await WaitingAsync(2);

        var shed = (await server.GetAsync("/wait")).MustBeProblem(503, "overloaded");
        _pushed.SetResult();

        Assert.Equal(TimeSpan.FromSeconds(1), shed.Headers.RetryAfter!.Delta);
        Assert.All(await Task.WhenAll(waiters), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await GatewayServer.ServedAsync(() => server.GetAsync("/wait"));
    }

    [Fact]
    public async Task One_organizations_waiters_leave_room_for_anothers()
    {
        await using var server = await StartAsync(("MAX_WAITING", "64"));
        using var other = server.NewClient("app", "other");
        var waiters = Enumerable.Range(0, 16).Select(_ => server.GetAsync("/wait")).ToArray();
        await WaitingAsync(16);

        (await server.GetAsync("/wait")).MustBeProblem(503, "overloaded");
        var theirs = other.GetAsync("/wait");
        await WaitingAsync(1);
        _pushed.SetResult();

        Assert.Equal(HttpStatusCode.OK, (await theirs).StatusCode);
        await Task.WhenAll(waiters);
    }

    private Task<GatewayServer> StartAsync(params (string Name, string Value)[] settings)
        => GatewayServer.StartAsync(routes: app => app.MapGatedGroup().MapGet("/wait", WaitAsync), settings: settings);

    private async Task WaitAsync(HttpContext context)
    {
        if (!context.Features.Get<InFlightSlot>()!.TryWait(holdsBody: false))
        {
            await context.AnswerAsync(Problem.Overloaded());
            return;
        }

        _waiting.Release();
        await _pushed.Task;
    }

    private async Task WaitingAsync(int requests)
    {
        for (var n = 0; n < requests; n++)
        {
            Assert.True(await _waiting.WaitAsync(Eventually.Patience));
        }
    }
}
