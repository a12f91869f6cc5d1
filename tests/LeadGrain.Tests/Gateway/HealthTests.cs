using LeadGrain.Gateway;
using LeadGrain.Gateway.Health;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class HealthTests
{
    [Fact]
    public async Task Health_says_ok_and_the_time()
    {
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<TimeProvider>(new StoppedClock()));

        Assert.Equal("""{"status":"ok","ok":true,"timestamp":"2024-01-15T10:00:00Z"}""", (await server.GetAsync("/health")).Body);
        Assert.Equal("""{"status":"live"}""", (await server.GetAsync("/health/live")).Body);
    }

    [Fact]
    public async Task Whoever_asks_for_the_head_only_gets_the_status_and_no_body()
    {
        await using var server = await StartAsync(Check("database", false));
        foreach (var (path, status) in new[] { ("/health/live", 200), ("/health/ready", 503), ("/leads", 200), ("/buffer/next", 405), ("/nowhere", 404) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            var answer = await Answer.OfAsync(await server.Client.SendAsync(request));
            Assert.Equal((status, ""), ((int)answer.Status, answer.Body));
        }
    }

    [Fact]
    public async Task Ready_when_every_check_passes()
    {
        await using var server = await StartAsync(Check("database", true), Check("host", true));

        Assert.Equal(
            """{"status":"ready","checks":[{"name":"database","ready":true,"detail":null},{"name":"host","ready":true,"detail":null}]}""",
            (await server.GetAsync("/health/ready")).Body);
    }

    [Fact]
    public async Task Not_ready_names_what_is_missing()
    {
        await using var server = await StartAsync(
            Check("database", true),
            Check("host", false),
            new FakeCheck("migrations", _ => throw new InvalidOperationException("host=secret")),
            new FakeCheck("hung", async token =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return default;
            }));

        var answer = (await server.GetAsync("/health/ready")).MustBeProblem(503, "not_ready");

        Assert.Contains("host, migrations, hung", (string?)answer.Json["detail"], StringComparison.Ordinal);
        Assert.Equal(4, answer.Json["checks"]!.AsArray().Count);
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_stops_is_not_ready_and_still_answers()
    {
        await using var server = await StartAsync(Check("database", true));
        Assert.Equal(200, (int)(await server.GetAsync("/health/ready")).Status);

        // As a signal does; whoever waits for that then closes the port.
        server.App.Lifetime.StopApplication();

        var answer = (await server.GetAsync("/health/ready")).MustBeProblem(503, "not_ready");
        Assert.Equal("Not ready: stopping.", (string?)answer.Json["detail"]);
        Assert.Equal(200, (int)(await server.GetAsync("/health/live")).Status);
        Assert.Equal(200, (int)(await server.GetAsync("/leads")).Status);
    }

    private static FakeCheck Check(string name, bool ready) =>
        new(name, _ => ValueTask.FromResult(new Readiness(ready, ready ? null : "waiting")));

    private static Task<GatewayServer> StartAsync(params IReadinessCheck[] checks) => GatewayServer.StartAsync(services =>
    {
        services.Configure<GatewayOptions>(options => options.ReadinessTimeout = TimeSpan.FromMilliseconds(50));
        foreach (var check in checks)
        {
            services.AddSingleton(check);
        }
    });

    private sealed class FakeCheck(string name, Func<CancellationToken, ValueTask<Readiness>> look) : IReadinessCheck
    {
        public string Name => name;

        public ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken) => look(cancellationToken);
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2024, 1, 15, 10, 0, 0, TimeSpan.Zero);
    }
}
