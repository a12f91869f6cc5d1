using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Tests.Gateway;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LeadGrain.Tests.Buffer;

public sealed class PullApiTests
{
    private static readonly DateTimeOffset s_start = new FakeTime().GetUtcNow();

    [Fact]
    public async Task A_pull_with_a_count_answers_an_array_even_of_one_or_none()
    {
        await using var server = await GatewayServer.StartAsync();
        await PushAsync(server, "a@b.c", "b@b.c", "c@b.c");

        var one = await server.PostAsync("/buffer/next", """{"namespace":"n","count":1}""");
        var rest = await server.PostAsync("/buffer/next", """{"namespace":"n","count":1000}""");
        var none = await server.PostAsync("/buffer/next", """{"namespace":"n","count":1000}""");

        Assert.Equal(
            """{"found":true,"leads":[{"email":"a@b.c","externalId":null,"data":null,"brandId":null,"clerkOrgId":null,"clerkUserId":null}]}""", one.Body);
        Assert.Equal(["b@b.c", "c@b.c"], rest.Json["leads"]!.AsArray().Select(lead => (string)lead!["email"]!));
        Assert.Equal("""{"found":false,"leads":[]}""", none.Body);
        Assert.Equal([1, 1_000, 1_000], server.Grid.Namespace("app/org/n").Pulls.Select(pull => pull.Count));
    }

    [Theory]
    [InlineData("""{"namespace":"n"}""")]
    [InlineData("""{"namespace":"n","count":null,"leaseSeconds":null,"waitSeconds":null}""")]
    [InlineData("""{"namespace":"n","count":1,"waitSeconds":0}""")]
    public async Task A_plain_pull_shares_one_command(string body)
    {
        await using var server = await GatewayServer.StartAsync();

        await server.PostAsync("/buffer/next", body);

        Assert.Same(PullCommand.One, Assert.Single(server.Grid.Namespace("app/org/n").Pulls));
    }

    [Fact]
    public async Task Priorities_reach_the_grain()
    {
        await using var server = await GatewayServer.StartAsync();

        await server.PostAsync(
            "/buffer/push",
            """{"namespace":"n","leads":[{"email":"a","priority":1000000000},{"email":"b","priority":-1000000000},{"email":"c","priority":0},{"email":"d","priority":null},{"email":"e"}]}""");

        Assert.Equal([1_000_000_000, -1_000_000_000, 0, 0, 0], Assert.Single(server.Grid.Namespace("app/org/n").Pushes).Leads.Select(lead => lead.Priority));
    }

    [Fact]
    public async Task Too_many_leases_are_a_429_to_repeat_later()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Namespace("app/org/n").Refusal = new PullOutcome.TooManyLeases(20_000);

        var answer = await server.PostAsync("/buffer/next", """{"namespace":"n","leaseSeconds":5,"waitSeconds":30}""");

        answer.MustBeProblem(429, "too_many_leases");
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task A_pull_that_waits_asks_first_without_a_wait_and_then_for_ten_seconds_at_most()
    {
        var (server, time) = await StartAsync();
        await using var _ = server;

        var waiting = server.PostAsync("/buffer/next", """{"namespace":"n","waitSeconds":25}""");
        await PassAsync(time, waiting, TimeSpan.FromSeconds(1));

        Assert.Equal("""{"found":false}""", (await waiting).Body);
        var waits = server.Grid.Namespace("app/org/n").Pulls.Select(pull => pull.Wait.TotalSeconds).ToList();
        Assert.Equal(0, waits[0]);
        Assert.Equal(10, waits[1]);
        Assert.All(waits, wait => Assert.InRange(wait, 0, 10));
        Assert.True(time.GetUtcNow() >= s_start + TimeSpan.FromSeconds(25));
    }

    [Fact]
    public async Task A_wait_longer_than_the_limit_of_a_call_is_no_time_out()
    {
        var (server, time) = await StartAsync(("GRAIN_CALL_TIMEOUT", "00:00:01"));
        await using var _ = server;

        var waiting = server.PostAsync("/buffer/next", """{"namespace":"n","waitSeconds":8}""");
        await PassAsync(time, waiting, TimeSpan.FromMilliseconds(100));

        Assert.Equal("""{"found":false}""", (await waiting).Body);
    }

    [Fact]
    public async Task A_waiting_pull_is_answered_by_the_next_push()
    {
        await using var server = await GatewayServer.StartAsync();
        var waiting = server.PostAsync("/buffer/next", """{"namespace":"n","count":5,"waitSeconds":30}""");
        await WaitingAsync(server);

        await PushAsync(server, "a@b.c", "b@b.c");

        Assert.Equal(["a@b.c", "b@b.c"], (await waiting).Json["leads"]!.AsArray().Select(lead => (string)lead!["email"]!));
    }

    [Fact]
    public async Task A_pull_that_waits_with_leads_there_does_not_wait()
    {
        await using var server = await GatewayServer.StartAsync();
        await PushAsync(server, "a@b.c");

        Assert.True((bool)(await server.PostAsync("/buffer/next", """{"namespace":"n","waitSeconds":30}""")).Json["found"]!);

        Assert.Same(PullCommand.One, Assert.Single(server.Grid.Namespace("app/org/n").Pulls));
    }

    [Fact]
    public async Task A_stop_of_the_host_ends_the_wait_with_an_answer()
    {
        await using var server = await GatewayServer.StartAsync();
        var waiting = server.PostAsync("/buffer/next", """{"namespace":"n","count":2,"waitSeconds":30}""");
        await WaitingAsync(server);

        server.App.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Assert.Equal("""{"found":false,"leads":[]}""", (await waiting.WaitAsync(Eventually.Patience)).Body);
    }

    [Fact]
    public async Task A_caller_that_goes_away_takes_no_lead()
    {
        await using var server = await GatewayServer.StartAsync();
        using var away = new CancellationTokenSource();
        using var content = new StringContent("""{"namespace":"n","waitSeconds":30}""", null, "application/json");
        var waiting = server.Client.PostAsync("/buffer/next", content, away.Token);
        await WaitingAsync(server);

        await away.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await server.Grid.Namespace("app/org/n").Left.WaitAsync(Eventually.Patience);
        await PushAsync(server, "a@b.c");

        Assert.True((bool)(await server.PostAsync("/buffer/next", """{"namespace":"n"}""")).Json["found"]!);
    }

    private static async Task<(GatewayServer Server, FakeTime Time)> StartAsync(params (string Name, string Value)[] settings)
    {
        var time = new FakeTime();
        var server = await GatewayServer.StartAsync(services => services.AddSingleton<TimeProvider>(time), settings: settings);
        server.Grid.Time = time;
        return (server, time);
    }

    /// <summary>Lets the clock run until the answer is there.</summary>
    private static async Task PassAsync(FakeTime time, Task<Answer> answer, TimeSpan step)
        => await Eventually.Async("the answer is there", () => answer.IsCompleted, between: () => time.Advance(step));

    // The first call finds nothing; the second is the one that waits.
    private static async Task WaitingAsync(GatewayServer server)
    {
        Assert.True(await server.Grid.Arrived.WaitAsync(Eventually.Patience));
        Assert.True(await server.Grid.Arrived.WaitAsync(Eventually.Patience));
    }

    private static async Task PushAsync(GatewayServer server, params string[] emails) => await server.PostAsync(
        "/buffer/push", $$"""{"namespace":"n","leads":[{{string.Join(',', emails.Select(email => $$"""{"email":"{{email}}"}"""))}}]}""");
}
