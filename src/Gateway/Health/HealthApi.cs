using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Health;

internal static class HealthApi
{
    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", GetHealthAsync)
            .Describe("getHealth", "Health", "Health", "Whether the process answers.")
            .Answers<HealthResponse>("""{"status":"ok","ok":true,"timestamp":"2024-01-15T10:00:00Z"}""");
        routes.MapGet("/health/live", (Delegate)GetLiveAsync)
            .Describe("getLiveness", "Health", "Liveness", "Whether the process runs; restart it if not.")
            .Answers<LiveResponse>("""{"status":"live"}""");
        routes.MapGet("/health/ready", GetReadyAsync)
            .Describe("getReadiness", "Health", "Readiness", "Whether the process takes requests; send them elsewhere if not.")
            .Answers<ReadyResponse>("""{"status":"ready","checks":[{"name":"database","ready":true,"detail":null}]}""")
            .Fails(StatusCodes.Status503ServiceUnavailable);
    }

    private static Task GetHealthAsync(HttpContext context, TimeProvider time) =>
        JsonAnswer.WriteAsync(context.Response, time.GetUtcNow(), WriteHealth);

    private static Task GetLiveAsync(HttpContext context) =>
        JsonAnswer.WriteAsync(context.Response, "live", static (json, status) =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, status);
            json.WriteEndObject();
        });

    private static async Task GetReadyAsync(HttpContext context, ReadinessProbe probe)
    {
        var checks = await probe.AskAsync(context.RequestAborted);
        if (Array.TrueForAll(checks, check => check.Ready))
        {
            await JsonAnswer.WriteAsync(context.Response, checks, WriteReady);
            return;
        }

        var waiting = string.Join(", ", checks.Where(check => !check.Ready).Select(check => check.Name));
        await context.AnswerAsync(Problem.NotReady() with { Detail = $"Not ready: {waiting}." }, json => WriteChecks(json, checks));
    }

    private static void WriteHealth(Utf8JsonWriter json, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, "ok"u8);
        json.WriteBoolean("ok"u8, true);
        json.WriteString("timestamp"u8, now.UtcDateTime);
        json.WriteEndObject();
    }

    private static void WriteReady(Utf8JsonWriter json, ReadyCheck[] checks)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, "ready"u8);
        WriteChecks(json, checks);
        json.WriteEndObject();
    }

    private static void WriteChecks(Utf8JsonWriter json, ReadyCheck[] checks)
    {
        json.WriteStartArray("checks"u8);
        foreach (var check in checks)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, check.Name);
            json.WriteBoolean("ready"u8, check.Ready);
            json.WriteString("detail"u8, check.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
