using System.Diagnostics;
using System.Text;

namespace LeadGrain.CrashTests.Metrics;

/// <summary>Asks one thing after the other, each under an id and in a trace of its own.</summary>
internal sealed class TracedClient(Uri url, string key, string app) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url };

    /// <summary>All that was asked.</summary>
    internal List<TracedRequest> Sent { get; } = [];

    /// <summary>Asks, and asserts the status.</summary>
    /// <returns>The body of the answer.</returns>
    internal async Task<string> AskAsync(int status, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        var (found, answer) = await TryAsync(method, path, body, headers);
        Assert.True(status == found, $"{method} {path}: {found} {answer}");
        return answer;
    }

    internal async Task<(int Status, string Body)> TryAsync(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        var sent = new TracedRequest($"request-{Sent.Count}", ActivityTraceId.CreateRandom().ToHexString());
        Sent.Add(sent);
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in Headers(sent).Concat(headers).GroupBy(header => header.Name).Select(same => same.Last()))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await _http.SendAsync(request);
        Assert.Equal(sent.Id, answer.Headers.GetValues("X-Request-Id").Single());
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public void Dispose() => _http.Dispose();

    private (string Name, string Value)[] Headers(TracedRequest sent) =>
    [
        ("X-API-Key", key), ("X-App-Id", app), ("X-Org-Id", "org"), ("X-Request-Id", sent.Id),
        ("traceparent", $"00-{sent.TraceId}-{ActivitySpanId.CreateRandom().ToHexString()}-01"),
    ];
}

/// <summary>A request by its id and its trace.</summary>
internal sealed record TracedRequest(string Id, string TraceId);
