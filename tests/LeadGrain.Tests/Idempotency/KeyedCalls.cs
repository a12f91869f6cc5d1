using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace LeadGrain.Tests.Idempotency;

/// <summary>What a request with an Idempotency-Key was told.</summary>
internal sealed record Told(HttpStatusCode Status, string Body, bool Replayed, TimeSpan? RetryAfter)
{
    internal JsonNode Json => JsonNode.Parse(Body)!;
}

/// <summary>Requests with an Idempotency-Key.</summary>
internal static class KeyedCalls
{
    internal static async Task<Told> AskAsync(this HttpClient client, string path, object body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await client.SendAsync(request);
        return new Told(
            response.StatusCode,
            await response.Content.ReadAsStringAsync(),
            response.Headers.Contains("Idempotent-Replayed"),
            response.Headers.RetryAfter?.Delta);
    }

    /// <summary>Asks again: what it is told, and whether as before.</summary>
    internal static async Task<(string Body, bool Replayed)> RepeatAsync(this HttpClient client, string path, object body, string key)
    {
        var answer = await client.AskAsync(path, body, key);
        return (answer.Body, answer.Replayed);
    }

    /// <summary>Asks a hundred times at once: one is answered, the others are told to come later, or the same.</summary>
    internal static async Task MustBeOneAsync(this HttpClient client, string path, object body, string key)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.AskAsync(path, body, key)));
        var (last, replayed) = await client.RepeatAsync(path, body, key);

        Assert.True(replayed);
        Assert.All(answers, answer => Assert.True(answer.Status == HttpStatusCode.Conflict || answer.Body == last, answer.Body));
        Assert.Single(answers, answer => answer is { Status: HttpStatusCode.OK, Replayed: false });
    }
}
