using System.Net;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Which web pages may post.</summary>
public sealed class CrossOriginTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Fact]
    public async Task Pages_of_the_origins_that_are_named_may_ask_and_post_and_no_others()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("CORS_ORIGINS", "https://a.example, https://b.example"));

        var known = await grid.Client.PostLeadAsync("{}"u8.ToArray(), headers: ("Origin", "https://b.example"));
        var unknown = await grid.Client.PostLeadAsync("{}"u8.ToArray(), headers: ("Origin", "https://c.example"));
        using var mayPost = await AskAsync(grid.Client, "https://a.example");
        using var mayNot = await AskAsync(grid.Client, "https://a.example.evil");

        Assert.Equal("https://b.example", known.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("X-Request-Id, Retry-After", known.Headers.GetValues("Access-Control-Expose-Headers").Single());
        Assert.False(unknown.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("Origin", unknown.Headers.Vary.Single());
        Assert.Equal(("https://a.example", "86400", "Origin"), (
            mayPost.Headers.GetValues("Access-Control-Allow-Origin").Single(),
            mayPost.Headers.GetValues("Access-Control-Max-Age").Single(),
            mayPost.Headers.Vary.Single()));
        Assert.DoesNotContain(mayNot.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("Origin", mayNot.Headers.Vary.Single());
    }

    [Theory]
    [InlineData("https://a.example/ , https://b.example", "https://a.example", "https://a.example")]
    [InlineData("https://a.example, *", "https://z.example", "*")]
    public async Task An_origin_is_known_with_a_slash_behind_it_and_a_star_among_others_means_all(string setting, string origin, string allowed)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("CORS_ORIGINS", setting));

        using var asked = await AskAsync(grid.Client, origin);

        Assert.Equal(allowed, asked.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Theory]
    [InlineData("a.example")]
    [InlineData("https://a.example/page")]
    [InlineData("https://")]
    public async Task What_is_no_origin_stops_the_start(string setting)
    {
        await using var database = await TestDatabase.CreateAsync();

        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => TestGrid.StartAsync(database, null, ("CORS_ORIGINS", setting)));

        Assert.Contains("CORS_ORIGINS", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Web_pages_of_any_origin_may_post_and_read_refusals_too()
    {
        using var open = new HttpClient { BaseAddress = shared.Client.BaseAddress };
        using var answer = await AskAsync(open, "https://page.example");

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("content-type,idempotency-key", answer.Headers.GetValues("Access-Control-Allow-Headers").Single());
        Assert.Contains("POST", answer.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
        Assert.Equal("86400", answer.Headers.GetValues("Access-Control-Max-Age").Single());
        var refused = await open.PostLeadAsync("[]"u8.ToArray(), headers: ("Origin", "https://page.example"));
        Assert.Equal("*", refused.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("X-Request-Id, Retry-After", refused.Headers.GetValues("Access-Control-Expose-Headers").Single());
        using var elsewhere = await open.GetAsync("/crm/leads");
        Assert.False(elsewhere.Headers.Contains("Access-Control-Allow-Origin"));
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient client, string origin)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Options, "/api/lead");
        ask.Headers.Add("Origin", origin);
        ask.Headers.Add("Access-Control-Request-Method", "POST");
        ask.Headers.Add("Access-Control-Request-Headers", "content-type,idempotency-key");
        return await client.SendAsync(ask);
    }
}
