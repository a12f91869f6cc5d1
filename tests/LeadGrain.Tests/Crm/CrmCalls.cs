using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.Crm;

/// <summary>The CRM side in one line each.</summary>
internal static class CrmCalls
{
    /// <summary>The ids, newest first.</summary>
    internal static async Task<List<Guid>> ListAsync(this HttpClient client, string filter)
        => [.. (await client.ReadAsync($"/crm/leads?limit=1000&{filter}"))["leads"]!.AsArray().Select(lead => (Guid)lead!["id"]!)];

    internal static async Task<Answer> PatchAsync(this HttpClient client, Guid id, string body, string? user = null, string? match = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/crm/leads/{id}") { Content = JsonContent.Create(JsonNode.Parse(body)) };
        foreach (var (name, value) in new[] { ("X-User-Id", user), ("If-Match", match) })
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await Answer.OfAsync(await client.SendAsync(request));
    }
}
