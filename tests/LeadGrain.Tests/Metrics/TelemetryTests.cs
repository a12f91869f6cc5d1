using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Pipeline;
using LeadGrain.Silo;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Metrics;

// What is exported is the whole process's, and has to arrive in the time that a stop allows.
[Collection(nameof(Alone))]
public sealed class TelemetryTests
{
    [Theory]
    [InlineData(null, "leadgrain")]
    [InlineData("grid-eu", "grid-eu")]
    public async Task Metrics_and_spans_arrive_at_the_collector_without_emails_or_keys(string? name, string service)
    {
        await using var collector = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await using var provider = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        var builder = Builder(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_SERVICE_NAME"] = name,
        });
        builder.AddTelemetry();
        await using var app = builder.Build();
        using var source = new ActivitySource("LeadGrain.Test");
        MapProbe(app, source, provider.Url);
        await app.StartAsync();
        using (var client = new HttpClient())
        {
            await client.GetStringAsync(new Uri($"{app.Urls.First()}/probe/john@leak.example?email=john%40leak.example&api_key=s3cr3t&limit=5"));
        }

        await app.StopAsync();

        string Sent(string path) => string.Concat(
            collector.Requests.Where(heard => heard.Path == path).Select(heard => Encoding.Latin1.GetString(heard.Body)));
        Assert.Contains("leadgrain.test.probes", Sent("/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("http.server.request.duration", Sent("/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("dotnet.gc.collections", Sent("/v1/metrics"), StringComparison.Ordinal);
        var spans = Sent("/v1/traces");
        // A protobuf key, then its value: both prefixed by tag and length.
        Assert.Contains($"service.name\u0012{(char)(service.Length + 2)}\n{(char)service.Length}{service}", spans, StringComparison.Ordinal);
        foreach (var expected in (string[])["leadgrain.test.span", "InvalidOperationException", "http.route",
            "http.response.status_code", "GET /probe/{who}", "/probe/REDACTED", "/people?*"])
        {
            Assert.Contains(expected, spans, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("leak.example", spans, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", spans, StringComparison.Ordinal);
    }

    private static void MapProbe(WebApplication app, ActivitySource source, string provider) =>
        app.MapGet("/probe/{who}", async (string who, IMeterFactory meters) =>
        {
            meters.Create("LeadGrain.Test").CreateCounter<int>("leadgrain.test.probes").Add(1);
            using var http = new HttpClient();
            await http.GetAsync(new Uri($"{provider}/people?email=john@leak.example&api_key=s3cr3t"));
            using var span = source.StartActivity("leadgrain.test.span");
            span?.AddException(new InvalidOperationException("No lead for john@leak.example"));
            span?.SetStatus(ActivityStatusCode.Error, "No lead for john@leak.example");
            return who;
        });

    [Theory]
    [InlineData("https://a.example/x?email=a%40b.c&api_key=1&limit=5#top", "https://a.example/x?email=REDACTED&api_key=REDACTED&limit=REDACTED")]
    [InlineData("https://user:pass@a.example/x?*", "https://a.example/x?*")]
    [InlineData("/leads/john@b.c/notes", "/leads/REDACTED/notes")]
    [InlineData("/leads/john%40b.c", "/leads/REDACTED")]
    [InlineData("/cursor/campaign-1", "/cursor/campaign-1")]
    [InlineData("https://a.example/?john@b.c", "https://a.example/?REDACTED")]
    public void Urls_in_spans_name_nobody(string url, string expected) => Assert.Equal(expected, SpanRedaction.Url(url));

    [Theory]
    [InlineData("?email=a&b", "?email=REDACTED&REDACTED")]
    [InlineData("", "")]
    public void Queries_keep_their_names_only(string query, string expected) => Assert.Equal(expected, SpanRedaction.Query(query));

    [Fact]
    public void A_collector_elsewhere_needs_https_or_the_setting()
    {
        var settings = new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4318" };
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT",
            Assert.Throws<SettingException>(() => Builder(settings).AddTelemetry()).Message, StringComparison.Ordinal);
        settings["ALLOW_INSECURE_OUTBOUND"] = "true";
        Builder(settings).AddTelemetry();
    }

    [Theory]
    [InlineData(null, LogLevel.Information)]
    [InlineData("trace", LogLevel.Trace)]
    [InlineData("debug", LogLevel.Debug)]
    [InlineData("info", LogLevel.Information)]
    [InlineData("WARN", LogLevel.Warning)]
    [InlineData("error", LogLevel.Error)]
    [InlineData("fatal", LogLevel.Critical)]
    public async Task The_log_level_is_set_by_its_name_and_urls_are_never_logged(string? name, LogLevel level)
    {
        var builder = Builder(new() { ["LOG_LEVEL"] = name });
        builder.AddTelemetry();
        await using var app = builder.Build();
        var logs = app.Services.GetRequiredService<ILoggerFactory>();
        var own = logs.CreateLogger("LeadGrain.Gateway");
        Assert.True(own.IsEnabled(level));
        Assert.False(level > LogLevel.Trace && own.IsEnabled(level - 1));
        // Were it enabled at any level, each request would cost an Activity and a scope.
        Assert.False(logs.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Critical));
        Assert.False(logs.CreateLogger("Microsoft.AspNetCore.Routing.Matching.DfaMatcher").IsEnabled(LogLevel.Debug));
    }

    [Fact]
    public void An_unknown_log_level_stops_the_start() =>
        Assert.Contains("trace, debug, info", Assert.Throws<SettingException>(
            () => Builder(new() { ["LOG_LEVEL"] = "loud" }).AddTelemetry()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Production", true, "json")]
    [InlineData("Production", false, "simple")]
    [InlineData("Development", true, "simple")]
    public async Task Production_logs_are_json_unless_a_person_reads_them(string environment, bool redirected, string format)
    {
        var builder = Builder([], environment);
        Telemetry.AddLogging(builder, redirected);
        await using var app = builder.Build();
        var console = app.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>();
        Assert.Equal(format, console.Value.FormatterName);
    }

    [Fact]
    public async Task A_json_line_has_its_time_in_utc_its_level_its_scopes_and_the_fault_with_its_stack()
    {
        var builder = Builder([]);
        Telemetry.AddLogging(builder, redirected: true);
        await using var app = builder.Build();
        Assert.True(app.Services.GetRequiredService<IOptionsMonitor<JsonConsoleFormatterOptions>>().CurrentValue.UseUtcTimestamp);
        var fault = Record.Exception(Fail);
        var scopes = new LoggerExternalScopeProvider();
        using var scope = scopes.Push(new RequestScope("mine"));
        using var written = new StringWriter();

        var from = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        app.Services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == ConsoleFormatterNames.Json)
            .Write(new LogEntry<string>(LogLevel.Error, "LeadGrain.Test", 7, "it failed", fault, (state, _) => state), scopes, written);

        var line = JsonNode.Parse(Assert.Single(written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string)line["Timestamp"]!);
        Assert.InRange(DateTimeOffset.Parse((string)line["Timestamp"]!, null), from, DateTimeOffset.UtcNow);
        Assert.Equal(("Error", "LeadGrain.Test", "it failed", "mine"), (
            (string?)line["LogLevel"], (string?)line["Category"], (string?)line["Message"], (string?)line["Scopes"]![0]!["RequestId"]));
        Assert.StartsWith("System.InvalidOperationException: bug", (string?)line["Exception"], StringComparison.Ordinal);
        Assert.Contains($" at {typeof(TelemetryTests)}.{nameof(Fail)}()", (string?)line["Exception"], StringComparison.Ordinal);
    }

    private static void Fail() => throw new InvalidOperationException("bug");

    private static WebApplicationBuilder Builder(Dictionary<string, string?> settings, string environment = "Production")
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings);
        return builder;
    }
}
