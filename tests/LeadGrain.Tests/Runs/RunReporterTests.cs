using System.Text.Json;
using LeadGrain.Gateway.Metrics;
using LeadGrain.Gateway.Runs;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Runs;

public sealed class RunReporterTests
{
    private static readonly RunReport Report = new(
        "run_abc", new Tenant("app", "org_1"), "buffer-next", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(2), Succeeded: true);

    [Theory]
    [InlineData("""{"id": "child 1/2"}""", "/v1/runs/child%201%2F2")]
    [InlineData("""{"id": 42}""", "/v1/runs/42")]
    [InlineData("""{"run": {"id": "r7"}, "id": null}""", "/v1/runs/r7")]
    public async Task A_report_makes_a_child_run_and_finishes_it(string answer, string path)
    {
        await using var server = await LoopbackServer.Start((heard, context) => context.Response.WriteAsync(heard.Method == "POST" ? answer : ""));
        using var host = await Start(server.Url + "/");
        host.Services.GetRequiredService<IRunReporter>().Report(Report);
        await Eventually.Async("the report is counted", () => Count(host, "reported") == 1);

        var (begin, end) = (server.Requests.First(), server.Requests.Last());
        Assert.Equal(("POST", "/v1/runs", "application/json"), (begin.Method, begin.Path, begin.Headers["Content-Type"]));
        AssertJson("""
            {"parentRunId": "run_abc", "organizationId": "org_1", "appId": "app", "serviceName": "leadgrain",
             "taskName": "buffer-next", "startedAt": "1970-01-01T00:00:00Z"}
            """, begin.Text);
        Assert.Equal(("PATCH", path), (end.Method, end.Path));
        AssertJson("""{"status": "completed", "finishedAt": "1970-01-01T00:00:02Z"}""", end.Text);
    }

    [Fact]
    public async Task A_failed_piece_of_work_is_a_failed_run()
    {
        await using var server = await LoopbackServer.Start((_, context) => context.Response.WriteAsync("""{"id": 1}"""));
        using var host = await Start(server.Url);
        host.Services.GetRequiredService<IRunReporter>().Report(Report with { Succeeded = false });
        await Eventually.Async("the report is counted", () => Count(host, "reported") == 1);
        Assert.Contains("\"failed\"", server.Requests.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_passing_failure_is_tried_again_under_one_key_after_the_time_asked_for()
    {
        var time = new InstantTime();
        var answers = 0;
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            var answer = Interlocked.Increment(ref answers);
            context.Response.StatusCode = answer switch { 1 => 503, 2 => 429, _ => 201 };
            if (answer == 2)
            {
                context.Response.Headers.RetryAfter = "7";
            }

            return context.Response.WriteAsync("""{"id": 1}""");
        });
        using var host = await Start(server.Url, time: time);
        host.Services.GetRequiredService<IRunReporter>().Report(Report);
        await Eventually.Async("the report is counted", () => Count(host, "reported") == 1);

        Assert.Equal(["POST", "POST", "POST", "PATCH"], server.Requests.Select(heard => heard.Method));
        Assert.Single(server.Requests.Take(3).Select(heard => heard.Headers["Idempotency-Key"]).Distinct());
        Assert.Equal(2, time.Waits.Count);
        Assert.InRange(time.Waits.Last(), TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(8));
    }

    [Theory]
    [InlineData(500, 3)]
    [InlineData(400, 1)]
    [InlineData(302, 1)]
    public async Task A_run_is_given_up_after_three_tries_or_a_final_answer(int status, int tries)
    {
        await using var elsewhere = await LoopbackServer.Start((_, context) => context.Response.WriteAsync("""{"id": 1}"""));
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = elsewhere.Url;
            return Task.CompletedTask;
        });
        using var host = await Start(server.Url, time: new InstantTime());
        host.Services.GetRequiredService<IRunReporter>().Report(Report);
        await Eventually.Async("the failure is counted", () => Count(host, "failed") == 1);
        Assert.Equal(tries, server.Requests.Count);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_slows_nobody_and_reports_above_the_queue_are_dropped_and_counted()
    {
        await using var server = await LoopbackServer.Start((_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var host = await Start(server.Url, options => (options.QueueCapacity, options.Drain) = (10, TimeSpan.FromMilliseconds(100)));
        var reporter = host.Services.GetRequiredService<IRunReporter>();
        for (var i = 0; i < 4; i++)
        {
            reporter.Report(Report);
        }

        await Eventually.Async("four calls are under way", () => server.Requests.Count == 4);
        for (var i = 0; i < 1000; i++)
        {
            reporter.Report(Report);
        }

        Assert.Equal(990, Count(host, "dropped"));
        Assert.Equal(4, server.Requests.Count);

        await host.StopAsync();
        Assert.Equal(1004, Count(host, "dropped"));
    }

    [Fact]
    public async Task A_stop_sends_what_waits()
    {
        await using var server = await LoopbackServer.Start((_, context) => context.Response.WriteAsync("""{"id": 1}"""));
        using var host = await Start(server.Url);
        for (var i = 0; i < 200; i++)
        {
            host.Services.GetRequiredService<IRunReporter>().Report(Report);
        }

        await host.StopAsync();
        Assert.Equal(400, server.Requests.Count);
        Assert.Equal(200, Count(host, "reported"));
    }

    [Fact]
    public async Task An_answer_too_large_is_not_read()
    {
        await using var server = await LoopbackServer.Start((_, context) => context.Response.WriteAsync(new string(' ', 1_000_000)));
        using var host = await Start(server.Url, time: new InstantTime());
        host.Services.GetRequiredService<IRunReporter>().Report(Report);
        await Eventually.Async("the failure is counted", () => Count(host, "failed") == 1);
    }

    [Theory]
    [InlineData("http://runs.example.com")]
    [InlineData("runs")]
    [InlineData("http://localhost?key=1")]
    public async Task A_url_that_may_not_be_sent_to_stops_the_start(string url)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => Start(url));
        Assert.Contains("RUNS_SERVICE_URL", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_url_reports_go_nowhere()
    {
        using var host = await Start(url: null);
        host.Services.GetRequiredService<IRunReporter>().Report(Report);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"id\": \"..\"}")]
    [InlineData("{\"run\": 3}")]
    [InlineData("no json")]
    public void An_answer_that_names_no_run_is_known_as_such(string json) =>
        Assert.Null(RunsClient.RunId(System.Text.Encoding.UTF8.GetBytes(json)));

    private static async Task<IHost> Start(string? url, Action<RunsOptions>? configure = null, TimeProvider? time = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection([new("RUNS_SERVICE_URL", url)]);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddPrometheus();
        builder.Services.AddRunReporter(builder.Configuration);
        builder.Services.Configure<RunsOptions>(options => configure?.Invoke(options));
        var host = builder.Build();
        host.Services.GetRequiredService<PrometheusExporter>();
        await host.StartAsync();
        return host;
    }

    private static int Count(IHost host, string what)
    {
        var name = $"leadgrain_runs_{what}_total ";
        var line = host.Services.GetRequiredService<PrometheusExporter>().Scrape().Split('\n')
            .SingleOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line[name.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void AssertJson(string expected, string actual)
    {
        using var left = JsonDocument.Parse(expected);
        using var right = JsonDocument.Parse(actual);
        Assert.True(JsonElement.DeepEquals(left.RootElement, right.RootElement), actual);
    }
}
