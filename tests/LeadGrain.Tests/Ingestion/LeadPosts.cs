using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Posts to /api/lead, and what the database holds of them.</summary>
internal static class LeadPosts
{
    internal static Task<Answer> PostLeadAsync(
        this HttpClient client, string body, string? key = null, string? contentType = "application/json")
        => client.PostLeadAsync(Encoding.UTF8.GetBytes(body), key, contentType);

    internal static async Task<Answer> PostLeadAsync(
        this HttpClient client,
        byte[] body,
        string? key = null,
        string? contentType = "application/json",
        string? encoding = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/lead") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Answer.OfAsync(await client.SendAsync(request));
    }

    internal static Guid LeadId(this Answer answer) => (Guid)answer.Json["lead_id"]!;

    /// <summary>Asserts that it is a new lead.</summary>
    internal static Guid MustBeCreated(this Answer answer)
    {
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.True((bool)answer.Json["ok"]!);
        Assert.False((bool)answer.Json["deduplicated"]!);
        return answer.LeadId();
    }

    /// <summary>Asserts that it is a repeat.</summary>
    internal static Guid MustBeRepeated(this Answer answer)
    {
        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        Assert.True((bool)answer.Json["ok"]!);
        Assert.True((bool)answer.Json["deduplicated"]!);
        return answer.LeadId();
    }

    /// <summary>Asserts an error of <c>/api/lead</c>.</summary>
    internal static void MustBeRefused(this Answer answer, int status, string error)
    {
        Assert.Equal((status, $$"""{"ok":false,"error":"{{error}}"}"""), ((int)answer.Status, answer.Body));
        Assert.Equal("application/json", answer.ContentHeaders.ContentType!.MediaType);
    }

    /// <summary>A lead as the CRM side shows it.</summary>
    internal static async Task<JsonNode> LeadAsync(this HttpClient client, Guid id) => (await client.ReadAsync($"/crm/leads/{id}"))["lead"]!;

    /// <summary>A job at its end, done or failed.</summary>
    internal static Task<JsonNode> EndOfJobAsync(this HttpClient client, Guid id) => Eventually.FindAsync(
        "the job ends", () => client.ReadAsync($"/jobs/{id}"), job => (string?)job["state"] is "done" or "failed");

    /// <summary>The entries of a state.</summary>
    internal static async Task<List<JsonNode>> RawAsync(this HttpClient client, string? state = null)
        => [.. (await client.ReadAsync($"/raw?limit=1000&state={state}"))["entries"]!.AsArray().Select(entry => entry!)];
}
