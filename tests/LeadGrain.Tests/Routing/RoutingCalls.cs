using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace LeadGrain.Tests.Routing;

/// <summary>The routing API in one line each.</summary>
internal static class RoutingCalls
{
    internal static async Task<string> AddRuleAsync(this HttpClient client, object rule)
        => (string)(await client.PostAsync("/routing/rules", rule))["id"]!;

    /// <summary>Ingests without waiting for the push; the answer's data.</summary>
    internal static async Task<JsonNode> IngestAsync(this HttpClient client, object lead)
        => (await client.PostAsync("/api/ingest?wait=0", lead))["data"]!;

    internal static async Task<(HttpStatusCode Status, JsonNode Body, HttpResponseMessage Response)> SendAsync(
        this HttpClient client, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var response = await client.SendAsync(request);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!, response);
    }

    internal static async Task<List<string>> ActionsAsync(this HttpClient client, string? entityId = null)
        => [.. (await client.ReadAsync($"/audit?limit=1000{(entityId is null ? "" : $"&entityId={entityId}")}"))["entries"]!
            .AsArray().Select(entry => (string)entry!["action"]!)];
}
