using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace LeadGrain.Tests.Access;

/// <summary>All routes that a running grid has, however they came to be there.</summary>
public sealed partial class EveryRouteTests(SharedGrid shared, ITestOutputHelper output) : IClassFixture<SharedGrid>
{
    // As the README lists them; web forms of other sites ask by OPTIONS first. The last two ask for a signature instead.
    private static readonly string[] s_open =
    [
        "GET /", "GET /health", "GET /health/live", "GET /health/ready", "GET /metrics", "GET /openapi/v1.json", "OPTIONS /api/lead",
        "POST /api/lead", "POST /api/ingest/clay", "POST /webhooks/smartlead",
    ];

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task Every_route_but_the_open_ones_turns_away_who_has_no_key_or_a_wrong_one(string? key)
    {
        using var client = new HttpClient { BaseAddress = shared.Client.BaseAddress };
        client.DefaultRequestHeaders.Add("X-App-Id", "app");
        client.DefaultRequestHeaders.Add("X-Org-Id", "org");
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("X-API-Key", key);
        }

        var open = new List<string>();
        var routes = Routes();
        foreach (var (method, path) in routes)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), Parameter().Replace(path, "x"));
            using var response = await client.SendAsync(request);
            if (!IsUnauthorized((int)response.StatusCode, await response.Content.ReadAsStringAsync()))
            {
                open.Add($"{method} {path}");
            }
        }

        output.WriteLine(string.Join('\n', routes.Select(route => $"{route.Method} {route.Path}")));
        Assert.Equal(s_open.Where(route => key is null || route != "POST /api/lead").Order(StringComparer.Ordinal), open.Order(StringComparer.Ordinal));
        Assert.InRange(routes.Count - open.Count, 40, 1_000);
    }

    private List<(string Method, string Path)> Routes() =>
    [
        .. shared.Grid.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => (method, endpoint.RoutePattern.RawText!)))
            .Distinct().Order(),
    ];

    // A wrong signature is a 401 too, and says nothing of keys.
    private static bool IsUnauthorized(int status, string body)
        => status == 401 && (body.Contains("X-API-Key", StringComparison.Ordinal) || (string?)JsonNode.Parse(body)!["error"] == "unauthorized");

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
