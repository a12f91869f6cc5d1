using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.Namespaces;

public sealed class PauseApiTests
{
    [Theory]
    [InlineData("n", "n")]
    [InlineData("a%2Fb", "a/b")]
    [InlineData("50%25%20%C3%BC", "50% ü")]
    [InlineData("pause", "pause")]
    public async Task A_namespace_is_paused_and_resumed_as_often_as_one_likes(string path, string name)
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Namespace($"app/org/{Uri.EscapeDataString(name)}").Paused = false;

        foreach (var (verb, paused) in new[] { ("pause", "true"), ("pause", "true"), ("resume", "false"), ("resume", "false") })
        {
            var answer = await server.PostAsync($"/namespaces/{path}/{verb}", [], null);

            Assert.Equal($$"""{"namespace":"{{name}}","paused":{{paused}}}""", answer.Body);
        }
    }

    [Fact]
    public async Task An_unknown_or_unreadable_namespace_cannot_be_paused()
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.PostAsync("/namespaces/n/pause", [], null)).MustBeProblem(404, "namespace_not_found", "namespace");
        (await server.PostAsync("/namespaces/n/resume", [], null)).MustBeProblem(404, "namespace_not_found", "namespace");
        (await server.PostAsync("/namespaces/%FF/pause", [], null)).MustBeProblem(400, "invalid_parameter", "namespace");
        (await server.PostAsync($"/namespaces/{new string('x', 256)}/pause", [], null)).MustBeProblem(400, "invalid_parameter", "namespace");
    }

    [Fact]
    public async Task A_pull_from_a_paused_namespace_says_so_and_does_not_wait()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Namespace("app/org/n").Refusal = PullOutcome.Paused.Value;

        var one = await server.PostAsync("/buffer/next", """{"namespace":"n","waitSeconds":30}""");
        var many = await server.PostAsync("/buffer/next", """{"namespace":"n","count":10}""");

        Assert.Equal("""{"found":false,"paused":true}""", one.Body);
        Assert.Equal("""{"found":false,"paused":true,"leads":[]}""", many.Body);
    }
}
