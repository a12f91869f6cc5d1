using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.Sandbox.Smartlead;

namespace LeadGrain.Tests.Sandbox;

public sealed class FakeSmartleadTests
{
    [Fact]
    public async Task The_eleventh_request_within_two_seconds_is_throttled_with_all_that_the_vendor_says_then()
    {
        var time = new FakeTime();
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions { Time = time });
        using var client = Client();
        for (var i = 0; i < 10; i++)
        {
            using var passed = await AddAsync(client, smartlead, $"lead{i}@x.example");
            Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        }

        using var throttled = await AddAsync(client, smartlead, "eleventh@x.example");
        var body = JsonNode.Parse(await throttled.Content.ReadAsStringAsync())!;

        Assert.Equal(HttpStatusCode.TooManyRequests, throttled.StatusCode);
        Assert.Equal(("2", 2), (throttled.Headers.GetValues("Retry-After").Single(), (int)body["error"]!["retry_after"]!));
        Assert.Equal(("10", "0"), (throttled.Headers.GetValues("X-RateLimit-Limit").Single(), throttled.Headers.GetValues("X-RateLimit-Remaining").Single()));
        Assert.True(throttled.Headers.Contains("X-RateLimit-Reset"));
        Assert.Equal(11, smartlead.Book.Busiest(smartlead.Options.Window));

        time.Advance(TimeSpan.FromSeconds(2));
        using var later = await AddAsync(client, smartlead, "eleventh@x.example");
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
    }

    [Theory]
    [InlineData("wrong", "1", "a@x.example", HttpStatusCode.Unauthorized)]
    [InlineData("sandbox-smartlead-key", "missing", "a@x.example", HttpStatusCode.NotFound)]
    public async Task A_wrong_key_and_an_unknown_campaign_are_refused(string key, string campaign, string email, HttpStatusCode expected)
    {
        await using var smartlead = await FakeSmartlead.StartAsync();
        using var client = Client();

        using var refused = await AddAsync(client, smartlead, email, key, campaign);

        Assert.Equal(expected, refused.StatusCode);
        Assert.Empty(smartlead.Book.Entries);
    }

    [Fact]
    public async Task A_lead_that_comes_again_is_already_added_and_the_same_member_names_as_the_vendors_are_required()
    {
        await using var smartlead = await FakeSmartlead.StartAsync();
        using var client = Client();
        using var first = await AddAsync(client, smartlead, "a@x.example");
        using var again = await AddAsync(client, smartlead, "A@x.example");
        using var wrong = await client.PostAsJsonAsync(
            $"{smartlead.Url}/campaigns/1/leads?api_key={smartlead.Options.ApiKey}", new { lead_list = new[] { new { email = "b@x.example", company = "Acme" } } });

        Assert.Equal(1, (int)JsonNode.Parse(await again.Content.ReadAsStringAsync())!["already_added_to_campaign"]!);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        Assert.Equal((1, 1), (smartlead.Book.Entries.Single().Accepted, smartlead.Book.Entries.Single().Repeats));
    }

    [Fact]
    public async Task Out_of_credits_it_says_so_with_a_200()
    {
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions { LeadCredits = 1 });
        using var client = Client();
        using var first = await AddAsync(client, smartlead, "a@x.example");
        using var second = await AddAsync(client, smartlead, "b@x.example");
        var body = JsonNode.Parse(await second.Content.ReadAsStringAsync())!;

        Assert.Equal((HttpStatusCode.OK, false, true), (second.StatusCode, (bool)body["ok"]!, (bool)body["is_lead_limit_exhausted"]!));
    }

    private static HttpClient Client()
    {
        var client = new HttpClient();
        client.DefaultRequestHeaders.UserAgent.ParseAdd("tests/1");
        return client;
    }

    private static Task<HttpResponseMessage> AddAsync(
        HttpClient client, FakeSmartlead smartlead, string email, string? key = null, string campaign = "1") => client.PostAsJsonAsync(
        $"{smartlead.Url}/campaigns/{campaign}/leads?api_key={key ?? smartlead.Options.ApiKey}", new { lead_list = new[] { new { email } } });
}
