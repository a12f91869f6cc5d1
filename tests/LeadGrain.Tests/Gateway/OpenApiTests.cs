using System.Text.Json.Nodes;
using LeadGrain.Gateway.Security;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Gateway;

public sealed class OpenApiTests
{
    private static readonly string[] s_withoutBody =
    [
        "cancelJob",
        "pauseNamespace", "resumeNamespace", "importLeads", "revokeKey", "deleteSecret", "deleteRule",
        "deleteCampaign", "pauseCampaign", "resumeCampaign", "rotateCampaignSecret",
    ];

    private static readonly HashSet<string> s_gateHeaders = ["X-App-Id", "X-Org-Id", "X-Request-Id"];

    private static readonly Dictionary<string, string> s_texts = new() { ["exportLeads"] = "text/csv", ["importLeads"] = "application/x-ndjson" };

    [Fact]
    public async Task Every_route_is_described_with_its_errors_security_and_examples()
    {
        await using var server = await GatewayServer.StartAsync();
        var document = (await server.GetAsync("/openapi/v1.json")).Json;
        var routes = server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => !route.RoutePattern.RawText!.StartsWith("/openapi", StringComparison.Ordinal))
            .Where(route => route.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null)
            .ToList();

        Assert.Equal(67, routes.Count);
        foreach (var route in routes)
        {
            var method = route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single();
            var operation = document["paths"]![route.RoutePattern.RawText!]![method.ToLowerInvariant()]!;
            Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), route.RoutePattern.RawText);
            Assert.NotNull(operation["operationId"]);
            Assert.Equal(route.RoutePattern.Parameters.Select(parameter => parameter.Name), Names(operation, "path"));
            var content = operation["responses"]!.AsObject().First(answer => answer.Key[0] == '2').Value!["content"]!.AsObject().Single();
            Assert.Equal(s_texts.GetValueOrDefault((string)operation["operationId"]!, "application/json"), content.Key);
            MustHaveExamples(content.Value!);
            Assert.NotNull(content.Value!["schema"]);
            if (route.Metadata.GetMetadata<TenantRequired>() is not null)
            {
                MustDescribeTheGate(operation, method);
                Assert.True(
                    method == "GET" || route.Metadata.GetMetadata<AdminRequired>() is null || Names(operation, "header").Contains(Caller.WhyHeader),
                    $"{method} {route.RoutePattern.RawText} does not say that it takes {Caller.WhyHeader}.");
            }
        }
    }

    [Fact]
    public async Task Routes_that_can_be_repeated_take_a_key_and_say_what_became_of_it()
    {
        await using var server = await GatewayServer.StartAsync();
        var paths = (await server.GetAsync("/openapi/v1.json")).Json["paths"]!;

        foreach (var path in new[] { "/buffer/push", "/buffer/next", "/buffer/ack", "/buffer/nack", "/buffer/extend" })
        {
            var operation = paths[path]!["post"]!;
            var key = operation["parameters"]!.AsArray().Single(parameter => (string?)parameter!["name"] == "Idempotency-Key")!;
            Assert.Equal(("header", 255), ((string?)key["in"], (int)key["schema"]!["maxLength"]!));
            Assert.False((bool?)key["required"] ?? false);
            Assert.NotNull(operation["responses"]!["200"]!["headers"]!["Idempotent-Replayed"]);
            Assert.NotNull(operation["responses"]!["409"]!["headers"]!["Retry-After"]);
            Assert.Equal("request_in_progress", ExampleCode(operation, "409"));
            Assert.Equal("idempotency_key_reused", ExampleCode(operation, "422"));
        }

    }

    [Fact]
    public async Task New_members_of_old_requests_are_optional_and_bounded()
    {
        await using var server = await GatewayServer.StartAsync();
        var schemas = (await server.GetAsync("/openapi/v1.json")).Json["components"]!["schemas"]!;

        var next = schemas["NextRequest"]!;
        Assert.Equal(["namespace"], next["required"]!.AsArray().Select(name => (string)name!));
        Assert.Equal((1, 1_000), Bounds(next, "count"));
        Assert.Equal((1, 86_400), Bounds(next, "leaseSeconds"));
        Assert.Equal((0, 30), Bounds(next, "waitSeconds"));
        Assert.Equal((-1_000_000_000, 1_000_000_000), Bounds(schemas["PushRequest"]!["properties"]!["leads"]!["items"]!, "priority"));
        Assert.Equal((0, 86_400), Bounds(schemas["NackRequest"]!, "delaySeconds"));
        Assert.Equal(1_000, (int)schemas["AckRequest"]!["properties"]!["leaseIds"]!["maxItems"]!);
        Assert.Equal(["found"], schemas["NextResponse"]!["required"]!.AsArray().Select(name => (string)name!));
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
        Assert.Equal(["limit", "next"], Names(paths["/namespaces/{namespace}/dead"]!["get"]!, "query"));
        foreach (var (path, method) in new[] { ("/pause", "post"), ("/resume", "post"), ("/dead", "get"), ("/dead/revive", "post") })
        {
            Assert.Equal(["namespace"], Names(paths["/namespaces/{namespace}" + path]![method]!, "path"));
            Assert.NotNull(paths["/namespaces/{namespace}" + path]![method]!["responses"]!["404"]);
        }
    }

    [Fact]
    public async Task The_document_is_made_once_and_says_the_same_whoever_asks_first()
    {
        await using var server = await GatewayServer.StartAsync();
        var made = 0;
        server.App.Services.GetRequiredService<IOptionsMonitor<OpenApiOptions>>().Get("v1")
            .AddDocumentTransformer((_, _, _) => Task.FromResult(Interlocked.Increment(ref made)));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json") { Headers = { Host = "elsewhere.example" } };
        using var first = await server.Client.SendAsync(request);
        var body = await first.Content.ReadAsStringAsync();

        var second = await server.GetAsync("/openapi/v1.json");

        Assert.Equal(1, made);
        Assert.Equal(body, second.Body);
        Assert.Equal(first.Content.Headers.ContentType, second.ContentHeaders.ContentType);
        Assert.Equal("/", (string?)Assert.Single(second.Json["servers"]!.AsArray())!["url"]);
        Assert.Equal(404, (int)(await server.GetAsync("/openapi/v2.json")).Status);
    }

    private static void MustDescribeTheGate(JsonNode operation, string method)
    {
        Assert.NotNull(operation["security"]![0]!["ApiKey"]);
        Assert.Superset(s_gateHeaders, Names(operation, "header").ToHashSet());
        var isIngestion = (string?)operation["operationId"] == "ingestLead";
        foreach (var status in new[] { "400", "401", "403", "429", "500", "503" })
        {
            var problem = operation["responses"]![status]!["content"]![isIngestion ? "application/json" : "application/problem+json"]!;
            Assert.EndsWith(isIngestion ? "/PlainErrorResponse" : "/ProblemResponse", (string?)problem["schema"]!["$ref"], StringComparison.Ordinal);
            Assert.NotNull(problem["example"]!["code"]);
        }

        Assert.NotNull(operation["responses"]!["503"]!["headers"]!["Retry-After"]);
        Assert.NotNull(operation["responses"]!["429"]!["headers"]!["Retry-After"]);
        if (method != "GET" && !s_withoutBody.Contains((string)operation["operationId"]!))
        {
            var body = operation["requestBody"]!["content"]!["application/json"]!;
            Assert.NotNull(body["schema"]);
            MustHaveExamples(body);
            Assert.NotNull(operation["responses"]!["413"]);
            Assert.NotNull(operation["responses"]!["415"]);
        }
    }

    private static void MustHaveExamples(JsonNode content) =>
        Assert.True(content["example"] is not null || content["examples"]!.AsObject().All(kind => kind.Value!["value"] is not null));

    private static string? ExampleCode(JsonNode operation, string status) =>
        (string?)operation["responses"]![status]!["content"]!["application/problem+json"]!["example"]!["code"];

    private static (int Least, int Most) Bounds(JsonNode schema, string member) =>
        ((int)schema["properties"]![member]!["minimum"]!, (int)schema["properties"]![member]!["maximum"]!);

    private static IEnumerable<string> Names(JsonNode operation, string place) => (operation["parameters"]?.AsArray() ?? [])
        .Where(parameter => (string?)parameter!["in"] == place)
        .Select(parameter => (string)parameter!["name"]!);

    [Fact]
    public async Task The_seeds_route_is_described_with_its_own_errors_and_an_optional_key()
    {
        await using var server = await GatewayServer.StartAsync();
        var operation = (await server.GetAsync("/openapi/v1.json")).Json["paths"]!["/api/lead"]!["post"]!;

        Assert.True((bool)operation["responses"]!["201"]!["content"]!["application/json"]!["example"]!["ok"]!);
        Assert.True((bool)operation["responses"]!["409"]!["content"]!["application/json"]!["example"]!["deduplicated"]!);
        foreach (var status in new[] { "400", "401", "403", "408", "413", "429", "500", "503" })
        {
            var refused = operation["responses"]![status]!["content"]!.AsObject().Single();
            Assert.Equal("application/json", refused.Key);
            Assert.False((bool)refused.Value!["example"]!["ok"]!);
            Assert.EndsWith("/LeadRefused", (string?)refused.Value!["schema"]!["$ref"], StringComparison.Ordinal);
        }

        Assert.Equal(["invalid_payload", "organization_mismatch", "request_timeout"], new[] { "400", "403", "408" }.Select(
            status => (string?)operation["responses"]![status]!["content"]!["application/json"]!["example"]!["error"]));

        Assert.Equal(2, operation["security"]!.AsArray().Count);
        var bodies = operation["requestBody"]!["content"]!.AsObject();
        Assert.Equal(["application/json", "application/x-www-form-urlencoded", "multipart/form-data"], bodies.Select(body => body.Key));
        Assert.All(bodies, body => Assert.Equal("user@example.com", (string?)body.Value!["example"]!["email"]));
        Assert.All(operation["parameters"]!.AsArray(), parameter => Assert.False((bool?)parameter!["required"] ?? false));
    }
}
