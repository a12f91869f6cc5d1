using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LeadGrain.Gateway.Errors;
using LeadGrain.Gateway.Metrics;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Errors;

public sealed class SentryReporterTests
{
    [Fact]
    public async Task An_error_arrives_as_an_envelope_of_one_event_with_frames_and_without_its_messages()
    {
        await using var server = await LoopbackServer.Start((_, context) => context.Response.WriteAsync("{}"));
        using var host = await Start(Dsn(server));
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(Outer);
        host.Services.GetRequiredService<IErrorReporter>().Report(exception, "req-1", "/leads/{id}");
        await Eventually.Async("the event is there", () => Count(host, "reported") == 1);

        var heard = server.Requests.Single();
        Assert.Equal("/base/api/42/envelope/", heard.Path);
        Assert.Equal("application/x-sentry-envelope", heard.Headers["Content-Type"]);
        Assert.StartsWith("Sentry sentry_version=7, sentry_client=leadgrain/", heard.Headers["X-Sentry-Auth"], StringComparison.Ordinal);
        Assert.EndsWith(", sentry_key=abc123", heard.Headers["X-Sentry-Auth"], StringComparison.Ordinal);
        Assert.DoesNotContain("john", heard.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", heard.Text, StringComparison.OrdinalIgnoreCase);

        var lines = heard.Text.Split('\n');
        using var header = JsonDocument.Parse(lines[0]);
        using var item = JsonDocument.Parse(lines[1]);
        using var payload = JsonDocument.Parse(lines[2]);
        Assert.Equal("event", item.RootElement.GetProperty("type").GetString());
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(lines[2]), item.RootElement.GetProperty("length").GetInt32());
        Assert.Equal(header.RootElement.GetProperty("event_id").GetString(), payload.RootElement.GetProperty("event_id").GetString());
        AssertEvent(payload.RootElement);
    }

    private static void AssertEvent(JsonElement sent)
    {
        Assert.Equal("csharp", sent.GetProperty("platform").GetString());
        Assert.Equal("error", sent.GetProperty("level").GetString());
        Assert.Equal("r1", sent.GetProperty("release").GetString());
        Assert.Equal("staging", sent.GetProperty("environment").GetString());
        Assert.False(sent.TryGetProperty("server_name", out _));
        var tags = sent.GetProperty("tags");
        Assert.Equal("req-1", tags.GetProperty("request_id").GetString());
        Assert.Equal("/leads/{id}", tags.GetProperty("route").GetString());
        Assert.Equal("23505", tags.GetProperty("sql_state").GetString());

        var values = sent.GetProperty("exception").GetProperty("values").EnumerateArray().ToList();
        Assert.Equal(["FakeDbException", "InvalidOperationException"], values.Select(value => value.GetProperty("type").GetString()));
        Assert.Equal("SqlState 23505", values[0].GetProperty("value").GetString());
        Assert.False(values[1].TryGetProperty("value", out _));
        var frames = values[1].GetProperty("stacktrace").GetProperty("frames").EnumerateArray().ToList();
        var last = frames[^1];
        Assert.Equal(nameof(Outer), last.GetProperty("function").GetString());
        Assert.Equal(typeof(SentryReporterTests).FullName, last.GetProperty("module").GetString());
        Assert.True(last.GetProperty("in_app").GetBoolean());
        Assert.True(last.GetProperty("lineno").GetInt32() > 0);
        var inner = values[0].GetProperty("stacktrace").GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("function").GetString());
        Assert.Equal([nameof(Outer), nameof(Inner)], inner);
    }

    [Theory]
    [InlineData(429, "Retry-After", "60")]
    [InlineData(200, "X-Sentry-Rate-Limits", "60:error:organization")]
    public async Task A_rate_limit_is_kept(int status, string header, string value)
    {
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers[header] = value;
            return Task.CompletedTask;
        });
        using var host = await Start(Dsn(server));
        var reporter = host.Services.GetRequiredService<IErrorReporter>();
        reporter.Report(new InvalidOperationException(), "1", null);
        reporter.Report(new InvalidOperationException(), "2", null);
        await Eventually.Async("the drop is counted", () => Count(host, "dropped") == 1);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_stop_sends_what_waits()
    {
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        using var host = await Start(Dsn(server));
        for (var i = 0; i < 50; i++)
        {
            host.Services.GetRequiredService<IErrorReporter>().Report(new InvalidOperationException(), "1", null);
        }

        await host.StopAsync();
        Assert.Equal(50, server.Requests.Count);
    }

    [Fact]
    public async Task A_flood_is_dropped_and_counted_while_the_tracker_hangs()
    {
        await using var server = await LoopbackServer.Start((_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var host = await Start(Dsn(server), options => (options.QueueCapacity, options.Drain) = (5, TimeSpan.FromMilliseconds(50)));
        var reporter = host.Services.GetRequiredService<IErrorReporter>();
        reporter.Report(new InvalidOperationException(), "1", null);
        await Eventually.Async("the first event is there", () => server.Requests.Count == 1);
        for (var i = 0; i < 100; i++)
        {
            reporter.Report(new InvalidOperationException(), "1", null);
        }

        Assert.Equal(95, Count(host, "dropped"));
        await host.StopAsync();
        Assert.Equal(101, Count(host, "dropped"));
    }

    [Theory]
    [InlineData("http://abc@sentry.example.com/1")]
    [InlineData("https://sentry.example.com/1")]
    [InlineData("https://abc@sentry.example.com/")]
    [InlineData("nonsense")]
    public async Task A_dsn_that_cannot_be_used_stops_the_start(string dsn)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => Start(dsn));
        Assert.Contains("SENTRY_DSN", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("abc@", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("60:error;default:organization", 60)]
    [InlineData("60::organization:quota_exceeded", 60)]
    [InlineData("60:transaction:key", null)]
    [InlineData("10:error:key, 2700:default;error;security:organization", 2700)]
    [InlineData("soon:error:key", null)]
    [InlineData("", null)]
    public void Limits_of_other_categories_do_not_hold_errors(string header, int? seconds) =>
        Assert.Equal(seconds, (int?)SentryRateLimit.Pause(header)?.TotalSeconds);

    [Fact]
    public void An_aggregate_shows_all_its_causes_up_to_a_bound()
    {
        var wide = new AggregateException(Enumerable.Range(0, 50).Select(_ => new TimeoutException("john@example.com")));
        var sent = SentryEvent.Of(new(wide, new string('x', 500), null, DateTimeOffset.UnixEpoch), "r", "e");
        Assert.Equal(10, sent.Exception.Values.Count);
        Assert.Equal("AggregateException", sent.Exception.Values[^1].Type);
        Assert.Equal(200, sent.Tags["request_id"].Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task Outer()
    {
        await Task.CompletedTask;
        try
        {
            Inner();
        }
        catch (DbException cause)
        {
            throw new InvalidOperationException("No lead for john@example.com", cause);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Inner() => throw new FakeDbException("Key (email)=(john@example.com, secret) already exists");

    private static string Dsn(LoopbackServer server) => server.Url.Replace("://", "://abc123:old@", StringComparison.Ordinal) + "/base/42";

    private static async Task<IHost> Start(string dsn, Action<SentryOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(
            [new("SENTRY_DSN", dsn), new("SENTRY_RELEASE", "r1"), new("SENTRY_ENVIRONMENT", "staging")]);
        builder.Services.AddPrometheus();
        builder.Services.AddErrorReporter(builder.Configuration);
        builder.Services.Configure<SentryOptions>(options => configure?.Invoke(options));
        var host = builder.Build();
        host.Services.GetRequiredService<PrometheusExporter>();
        await host.StartAsync();
        return host;
    }

    private static int Count(IHost host, string what)
    {
        var name = $"leadgrain_errors_{what}_total ";
        var line = host.Services.GetRequiredService<PrometheusExporter>().Scrape().Split('\n')
            .SingleOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }

    private sealed class FakeDbException(string message) : DbException(message)
    {
        public override string? SqlState => "23505";
    }
}
