using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LeadGrain.Tests.Gateway;

public sealed class OpenApiExampleTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private const string Namespace = "campaign-123";
    private const string Secret = "a long random text";

    [Fact]
    public async Task Every_example_of_a_body_is_taken_by_its_route()
    {
        await SetSecretAsync("clay-token");
        await SetSecretAsync("smartlead-webhook");
        await shared.Client.PushAsync(Namespace, "first@example.com");
        await shared.Client.PostAsync($"/namespaces/{Namespace}/pause", new { }); // who would wait for a lead is answered at once
        var taken = 0;
        foreach (var (path, methods) in (await shared.Client.ReadAsync("/openapi/v1.json"))["paths"]!.AsObject())
        {
            foreach (var (method, operation) in methods!.AsObject())
            {
                foreach (var (type, example) in Examples(operation!))
                {
                    await MustTakeAsync(method, path, await BodyAsync(type, example));
                    taken++;
                }
            }
        }

        Assert.True(taken > 30, $"{taken} examples");
    }

    private async Task MustTakeAsync(string method, string path, HttpContent body)
    {
        var target = path.Replace("{id}", $"{Guid.NewGuid()}", StringComparison.Ordinal)
            .Replace("{namespace}", Namespace, StringComparison.Ordinal)
            .Replace("{campaign}", Namespace, StringComparison.Ordinal)
            .Replace("{name}", "other", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), $"{target}?orgId=org&appId=app") { Content = body };
        request.Headers.Add("X-Clay-Token", Secret);
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), await body.ReadAsByteArrayAsync());
        request.Headers.Add("X-Smartlead-Signature", $"sha256={Convert.ToHexStringLower(mac)}");

        using var answer = await shared.Client.SendAsync(request);

        // What it is about may not be there, nor a provider of enrichments.
        Assert.True(
            answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable,
            $"{method} {path} {await body.ReadAsStringAsync()}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task SetSecretAsync(string name)
    {
        using var body = new StringContent($$"""{"value":"{{Secret}}"}""", Encoding.UTF8, "application/json");
        using var answer = await shared.Client.PutAsync(new Uri($"/organization/secrets/{name}", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static IEnumerable<(string Type, JsonNode Example)> Examples(JsonNode operation)
    {
        foreach (var (type, content) in operation["requestBody"]?["content"]?.AsObject() ?? [])
        {
            if (content!["example"] is { } only)
            {
                yield return (type, only);
            }

            foreach (var (_, kind) in content["examples"]?.AsObject() ?? [])
            {
                yield return (type, kind!["value"]!);
            }
        }
    }

    private static async Task<HttpContent> BodyAsync(string type, JsonNode example)
    {
        var body = type switch
        {
            "application/x-www-form-urlencoded" => new FormUrlEncodedContent(Fields(example)),
            "multipart/form-data" => Multipart(example),
            _ => new StringContent(example is JsonValue text ? (string)text! : example.ToJsonString(), Encoding.UTF8, type) as HttpContent,
        };
        await body.LoadIntoBufferAsync();
        return body;
    }

    private static MultipartFormDataContent Multipart(JsonNode example)
    {
        var parts = new MultipartFormDataContent();
        foreach (var (name, value) in Fields(example))
        {
            parts.Add(new StringContent(value), name);
        }

        return parts;
    }

    private static IEnumerable<KeyValuePair<string, string>> Fields(JsonNode example) =>
        example.AsObject().Select(member => KeyValuePair.Create(member.Key, (string)member.Value!));
}
