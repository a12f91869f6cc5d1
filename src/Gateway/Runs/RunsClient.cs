using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Gateway.Runs;

/// <summary>The runs service's two calls, each tried again while its failure may pass.</summary>
internal sealed class RunsClient(HttpClient http, RunsOptions options, TimeProvider time, Random random)
{
    private readonly string _runs = options.Url!.TrimEnd('/') + "/v1/runs";

    /// <summary>Makes and finishes the child run; null when done, else why not.</summary>
    public async Task<string?> Send(RunReport report, CancellationToken cancellationToken)
    {
        var begin = new
        {
            parentRunId = report.ParentRunId,
            organizationId = report.Tenant.Org,
            appId = report.Tenant.App,
            serviceName = "leadgrain",
            taskName = report.TaskName,
            startedAt = report.Started.UtcDateTime,
        };
        var (body, failure) = await Call(HttpMethod.Post, _runs, begin, cancellationToken);
        if (body is null)
        {
            return failure;
        }

        if (RunId(body) is not { } id)
        {
            return "the answer names no run";
        }

        var end = new { status = report.Succeeded ? "completed" : "failed", finishedAt = report.Finished.UtcDateTime };
        (_, failure) = await Call(HttpMethod.Patch, $"{_runs}/{Uri.EscapeDataString(id)}", end, cancellationToken);
        return failure;
    }

    /// <summary>The id in <c>{"id": …}</c> or <c>{"run": {"id": …}}</c>, a string or a number.</summary>
    internal static string? RunId(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return IdOf(root) ?? (root.ValueKind is JsonValueKind.Object && root.TryGetProperty("run", out var run) ? IdOf(run) : null);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? IdOf(JsonElement element)
    {
        if (element.ValueKind is not JsonValueKind.Object || !element.TryGetProperty("id", out var id))
        {
            return null;
        }

        var text = id.ValueKind switch
        {
            JsonValueKind.String => id.GetString(),
            JsonValueKind.Number => id.GetRawText(),
            _ => null,
        };
        // Dots would survive the escaping and climb out of the path.
        return string.IsNullOrEmpty(text) || text is "." or ".." ? null : text;
    }

    private async Task<(byte[]? Body, string? Failure)> Call(HttpMethod method, string url, object body, CancellationToken cancellationToken)
    {
        // A time-out does not mean "not done": the key lets the service know a repeat.
        var key = Guid.NewGuid().ToString();
        var json = JsonSerializer.SerializeToUtf8Bytes(body);
        for (var tried = 1; ; tried++)
        {
            var answer = await Try(method, url, json, key, cancellationToken);
            if (answer.Body is not null)
            {
                return (answer.Body, null);
            }

            if (RunRetry.Delay(tried, answer.Status, answer.Asked, random.NextDouble(), options) is not { } wait)
            {
                return (null, answer.Status is { } status ? $"status {(int)status}" : "no answer");
            }

            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task<Answer> Try(HttpMethod method, string url, byte[] json, string key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, url) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return response.IsSuccessStatusCode
                ? new Answer(response.StatusCode, null, await response.Content.ReadAsByteArrayAsync(cancellationToken))
                : new Answer(response.StatusCode, RetryAfter.Of(response.Headers, time.GetUtcNow()), null);
        }
        catch (HttpRequestException)
        {
            return new Answer(null, null, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Answer(null, null, null);
        }
    }

    private sealed record Answer(HttpStatusCode? Status, TimeSpan? Asked, byte[]? Body);
}
