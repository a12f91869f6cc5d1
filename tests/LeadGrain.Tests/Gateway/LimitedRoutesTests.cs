using System.Net.Http.Json;
using System.Text.RegularExpressions;
using LeadGrain.Gateway.Organizations;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed partial class LimitedRoutesTests
{
    // Open to all, an owner's way out of limits, or an event that is not sent again after a 429.
    private static readonly string[] s_unlimited =
    [
        "GET /health", "GET /health/live", "GET /health/ready", "GET /openapi/v1.json", "OPTIONS /api/lead",
        "GET /organization/limits", "PUT /organization/limits", "GET /organization/keys", "POST /organization/keys", "DELETE /organization/keys/{id}",
        "POST /webhooks/smartlead",
    ];

    [Fact]
    public async Task Over_its_organizations_rate_every_route_but_those_to_the_limits_says_when_to_come_again()
    {
        await using var server = await GatewayServer.StartAsync(
            services => services.AddSingleton<TimeProvider>(new FakeTime()), // in which no quota comes back
            settings: [("ORGANIZATION_REQUESTS_PER_SECOND", "1"), ("ORGANIZATION_BURST", "1"), ("REFUSAL_DELAY", "00:00:00")]);
        using var sender = server.NewClient(null, null, null);
        sender.DefaultRequestHeaders.Add("X-Clay-Token", "right");
        var routes = Routes(server).ToList();
        Assert.Equal([.. s_unlimited.Order()], routes.Intersect(s_unlimited).Order());
        await server.GetAsync("/leads");

        foreach (var route in routes.Except(s_unlimited))
        {
            var answer = await AskAsync(IsDelivery(route) ? sender : server.Client, route);

            Assert.Equal((route, 429), (route, (int)answer.Status));
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
            Assert.Equal(
                ["1", "0", "1", "1;w=1"], RateLimitHeaders.OfRate.Select(name => answer.Headers.TryGetValues(name, out var values) ? values.Single() : null));
        }
    }

    private static IEnumerable<string> Routes(GatewayServer server) => server.App.Services.GetServices<EndpointDataSource>()
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .SelectMany(
            route => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [], (route, method) => $"{method} {route.RoutePattern.RawText}")
        .Distinct();

    private static bool IsDelivery(string route) => route is "POST /api/ingest/clay";

    private static async Task<Answer> AskAsync(HttpClient client, string route)
    {
        var parts = route.Split(' ');
        var path = Parameter().Replace(parts[1], $"{Guid.Empty}") + (IsDelivery(route) ? "?appId=app&orgId=org" : "");
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), path);
        request.Content = parts[0] is "GET" ? null : JsonContent.Create(new { });
        return await Answer.OfAsync(await client.SendAsync(request));
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
