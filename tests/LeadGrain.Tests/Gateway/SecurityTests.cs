using System.Net;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.Gateway.Security;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class SecurityTests
{
    public static TheoryData<string, string> GatedRoutes() => new()
    {
        { "POST", "/buffer/push" },
        { "POST", "/buffer/next" },
        { "POST", "/enrich" },
        { "GET", "/leads" },
        { "GET", "/cursor/n" },
        { "PUT", "/cursor/n" },
        { "GET", "/namespaces" },
        { "GET", "/namespaces/n" },
        { "POST", "/namespaces/n/pause" },
        { "POST", "/namespaces/n/resume" },
        { "GET", "/namespaces/n/dead" },
        { "POST", "/namespaces/n/dead/revive" },
        { "POST", "/buffer/ack" },
        { "POST", "/buffer/nack" },
        { "POST", "/buffer/extend" },
    };

    [Theory]
    [MemberData(nameof(GatedRoutes))]
    public async Task A_gated_route_refuses_a_missing_or_wrong_key_before_anything_else(string method, string path)
    {
        await using var server = await GatewayServer.StartAsync();
        foreach (var key in new[] { null, "", "wrong", GatewayServer.Key + "x", GatewayServer.Key[..^1], new string('k', 8000) })
        {
            using var client = server.NewClient(app: null, org: null, key);
            using var request = new HttpRequestMessage(new HttpMethod(method), path);

            var answer = await Answer.OfAsync(await client.SendAsync(request));

            answer.MustBeProblem(401, "unauthorized", "X-API-Key");
        }
    }

    [Theory]
    [MemberData(nameof(GatedRoutes))]
    public async Task A_gated_route_refuses_a_missing_organization(string method, string path)
    {
        await using var server = await GatewayServer.StartAsync();
        using var noApp = server.NewClient(app: null, org: "org");
        using var noOrg = server.NewClient(app: "app", org: null);

        var first = await Answer.OfAsync(await noApp.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)));
        var second = await Answer.OfAsync(await noOrg.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)));

        first.MustBeProblem(400, "invalid_header", "X-App-Id");
        second.MustBeProblem(400, "invalid_header", "X-Org-Id");
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\u0007b")]
    [InlineData("a\tb")]
    [InlineData("256")]
    public async Task An_organization_that_is_not_printable_text_is_refused(string org)
    {
        await using var server = await GatewayServer.StartAsync();
        using var client = server.NewClient("app", org == "256" ? new string('x', 256) : org);
        var response = await client.GetAsync("/leads");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Each_tenant_reaches_its_own_grain()
    {
        await using var server = await GatewayServer.StartAsync();
        using var client = server.NewClient("a/b", "c");

        await client.GetAsync("/leads");

        Assert.Single(server.Grid.Organization("a%2Fb/c").Queries);
        Assert.Empty(server.Grid.Organization("a/b/c").Queries);
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/openapi/v1.json")]
    public async Task An_open_route_asks_for_nothing(string path)
    {
        await using var server = await GatewayServer.StartAsync();
        using var client = server.NewClient(app: null, org: null, key: null);

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task A_key_beyond_ascii_is_compared_by_its_utf8_bytes()
    {
        Assert.Equal(
            SHA256.HashData(Encoding.UTF8.GetBytes("schlüssel")),
            SecurityOptions.Hash("schlüssel"));
        await using var server = await GatewayServer.StartAsync(services =>
            services.PostConfigure<SecurityOptions>(options => options.ApiKeyHash = SecurityOptions.Hash("schlüssel")));
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        using var client = new HttpClient(handler) { BaseAddress = server.Client.BaseAddress };
        client.DefaultRequestHeaders.Add("X-API-Key", "schlüssel");
        client.DefaultRequestHeaders.Add("X-App-Id", "äpp");
        client.DefaultRequestHeaders.Add("X-Org-Id", "org");

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/leads")).StatusCode);
    }

    [Fact]
    public async Task Answers_are_neither_sniffed_nor_stored()
    {
        await using var server = await GatewayServer.StartAsync();

        var answer = await server.GetAsync("/leads");

        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }
}
