using System.Text.Json.Nodes;
using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class OpenApiTests
{
    [Fact]
    public async Task Every_route_is_described_with_its_errors_security_and_examples()
    {
        await using var server = await GatewayServer.StartAsync();
        var document = (await server.GetAsync("/openapi/v1.json")).Json;
        var routes = server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => !route.RoutePattern.RawText!.StartsWith("/openapi", StringComparison.Ordinal))
            .ToList();

        Assert.Equal(11, routes.Count);
        foreach (var route in routes)
        {
            var method = route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single();
            var operation = document["paths"]![route.RoutePattern.RawText!]![method == "PUT" ? "put" : method == "GET" ? "get" : "post"]!;
            Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), route.RoutePattern.RawText);
            Assert.NotNull(operation["operationId"]);
            Assert.NotNull(operation["responses"]!["200"]!["content"]!["application/json"]!["example"]);
            Assert.NotNull(operation["responses"]!["200"]!["content"]!["application/json"]!["schema"]);
            if (route.Metadata.GetMetadata<TenantRequired>() is not null)
            {
                MustDescribeTheGate(operation, method);
            }
        }
    }

    [Fact]
    public async Task The_key_is_a_security_scheme_and_problems_have_a_code()
    {
        await using var server = await GatewayServer.StartAsync();
        var components = (await server.GetAsync("/openapi/v1.json")).Json["components"]!;

        var scheme = components["securitySchemes"]!["ApiKey"]!;
        Assert.Equal(("apiKey", "header", "X-API-Key"), ((string?)scheme["type"], (string?)scheme["in"], (string?)scheme["name"]));
        Assert.NotNull(components["schemas"]!["ProblemResponse"]!["properties"]!["code"]);
        Assert.Equal(["namespace", "leads"], components["schemas"]!["PushRequest"]!["required"]!.AsArray().Select(name => (string)name!));
        Assert.Equal("integer", (string?)components["schemas"]!["PushResponse"]!["properties"]!["buffered"]!["type"]);
    }

    [Fact]
    public async Task The_parameters_of_lists_and_paths_are_described()
    {
        await using var server = await GatewayServer.StartAsync();
        var paths = (await server.GetAsync("/openapi/v1.json")).Json["paths"]!;

        Assert.Equal(
            ["brandId", "clerkOrgId", "clerkUserId", "namespace", "email", "servedAfter", "servedBefore", "limit", "next"],
            Names(paths["/leads"]!["get"]!, "query"));
        Assert.Equal(["limit", "next"], Names(paths["/namespaces"]!["get"]!, "query"));
        Assert.Equal(["namespace"], Names(paths["/cursor/{namespace}"]!["put"]!, "path"));
        Assert.Equal(["namespace"], Names(paths["/namespaces/{namespace}"]!["get"]!, "path"));
        Assert.NotNull(paths["/namespaces/{namespace}"]!["get"]!["responses"]!["404"]);
    }

    private static void MustDescribeTheGate(JsonNode operation, string method)
    {
        Assert.NotNull(operation["security"]![0]!["ApiKey"]);
        Assert.Equal(["X-App-Id", "X-Org-Id"], Names(operation, "header"));
        foreach (var status in new[] { "400", "401", "500", "503" })
        {
            var problem = operation["responses"]![status]!["content"]!["application/problem+json"]!;
            Assert.EndsWith("/ProblemResponse", (string?)problem["schema"]!["$ref"], StringComparison.Ordinal);
            Assert.NotNull(problem["example"]!["code"]);
        }

        if (method != "GET")
        {
            Assert.NotNull(operation["requestBody"]!["content"]!["application/json"]!["schema"]);
            Assert.NotNull(operation["requestBody"]!["content"]!["application/json"]!["example"]);
            Assert.NotNull(operation["responses"]!["413"]);
            Assert.NotNull(operation["responses"]!["415"]);
        }
    }

    private static IEnumerable<string> Names(JsonNode operation, string place) => operation["parameters"]!.AsArray()
        .Where(parameter => (string?)parameter!["in"] == place)
        .Select(parameter => (string)parameter!["name"]!);
}
