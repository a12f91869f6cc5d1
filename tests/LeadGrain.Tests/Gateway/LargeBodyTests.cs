using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace LeadGrain.Tests.Gateway;

public sealed class LargeBodyTests
{
    private const int Large = 20 * 1024 * 1024;

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

    private static byte[] Push(int bytes)
    {
        var leads = Enumerable.Range(0, Math.Max(1, bytes / (512 * 1024))).Select(
            n => $$"""{"email":"e{{n}}@x.example","data":"{{new string('x', Math.Min(bytes, 512 * 1024))}}"}""");
        return Encoding.UTF8.GetBytes($$"""{"namespace":"n","leads":[{{string.Join(',', leads)}}]}""");
    }
}
