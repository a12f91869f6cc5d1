using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Outbound;

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

    [Fact]
    public async Task Where_it_limits_bursts_the_eleventh_request_within_a_second_waits_that_second_and_another_keys_do_not_count()
    {
        var time = new FakeTime();
        await using var smartlead = await FakeSmartlead.StartAsync(
            new FakeSmartleadOptions { Time = time, RateLimit = 60, Window = TimeSpan.FromSeconds(60), BurstLimit = 10 });
        using var client = Client();
        for (var i = 0; i < 10; i++)
        {
            using var passed = await AddAsync(client, smartlead, $"lead{i}@x.example");
            using var other = await AddAsync(client, smartlead, $"lead{i}@x.example", "another key");
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (passed.StatusCode, other.StatusCode));
        }

        using var throttled = await AddAsync(client, smartlead, "eleventh@x.example");
        Assert.Equal((HttpStatusCode.TooManyRequests, "1"), (throttled.StatusCode, throttled.Headers.GetValues("Retry-After").Single()));

        time.Advance(TimeSpan.FromSeconds(1));
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
        Assert.Equal(1, smartlead.Book.Entries.Single().Repeats);
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

    [Fact]
    public async Task A_lead_that_another_campaign_has_is_named_with_the_id_that_it_has_there()
    {
        await using var smartlead = await FakeSmartlead.StartAsync();
        using var client = Client();
        using var first = await AddAsync(client, smartlead, "a@x.example");

        var body = await client.PostAsync(
            $"{smartlead.Url}/campaigns/2/leads?api_key={smartlead.Options.ApiKey}",
            new { lead_list = new[] { new { email = "a@x.example" } }, settings = new { return_lead_ids = true } });

        Assert.Equal(1, (int)body["duplicate_count"]!);
        Assert.Equal("""{"newlyAddedLeads":{},"existingLeads":{},"existingLeadsInOtherCampaigns":{"a@x.example":1000}}""", body["emailToLeadIdMap"]!.ToJsonString());
    }

    [Fact]
    public async Task Every_fault_can_be_ordered_by_its_name_and_the_books_tell_of_it()
    {
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions { RateLimit = 1_000 });
        using var client = Client();
        client.Timeout = TimeSpan.FromSeconds(2); // for that which never answers
        var faults = new (object Fault, string Outcome)[]
        {
            (400, "failed_400"), (401, "failed_401"), (403, "failed_403"), (404, "failed_404"), (409, "failed_409"), (422, "failed_422"),
            (500, "failed_500"), (502, "failed_502"), (503, "failed_503"), ("throttled", "throttled"), ("exhausted", "exhausted"),
            ("hang", "hung"), ("slow", "answered"), ("cut", "cut"), ("accept_and_cut", "accepted, then cut"),
            ("truncated", "accepted, half answered"), ("html", "html_page"),
        };
        foreach (var (fault, outcome) in faults)
        {
            await client.PostAsync(Sandbox(smartlead, "faults"), new { fault });
            await TryAsync(client, smartlead);

            var book = (await client.GetFromJsonAsync<JsonNode>(Sandbox(smartlead, "books")))!;
            Assert.Equal(outcome, (string)book["requests"]!.AsArray()[^1]!["outcome"]!);
        }

        await client.PostAsync(Sandbox(smartlead, "faults"), new { fault = 500, requests = 2 });
        await TryAsync(client, smartlead);
        await TryAsync(client, smartlead);
        await TryAsync(client, smartlead);
        Assert.Equal(["failed_500", "failed_500", "answered"], smartlead.Book.Requests.TakeLast(3).Select(request => request.Outcome));
        foreach (var wrong in new object[] { new { }, new { fault = 200 }, new { fault = "no such" }, new { fault = 500, requests = 0 }, new { fault = 500, requests = "2" } })
        {
            using var refused = await client.PostAsJsonAsync(Sandbox(smartlead, "faults"), wrong);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
    }

    [Fact]
    public async Task The_books_show_what_was_taken_and_what_was_asked_with_its_settings()
    {
        await using var smartlead = await FakeSmartlead.StartAsync();
        using var client = Client();
        await client.PostAsync(
            $"{smartlead.Url}/campaigns/7/leads?api_key={smartlead.Options.ApiKey}",
            new { lead_list = new[] { new { email = "a@x.example" }, new { email = "invalid" } }, settings = new { return_lead_ids = true } });

        var book = (await client.GetFromJsonAsync<JsonNode>(Sandbox(smartlead, "books")))!;

        var (lead, request) = (book["leads"]!.AsArray().Single()!, book["requests"]!.AsArray().Single()!);
        Assert.Equal(("7", "a@x.example", 1000, 0), ((string)lead["campaign"]!, (string)lead["email"]!, (int)lead["id"]!, (int)lead["repeats"]!));
        Assert.Equal(("7", 2, "answered", """{"return_lead_ids":true}"""), (
            (string)request["campaign"]!, (int)request["leads"]!, (string)request["outcome"]!, (string)request["settings"]!));
        Assert.Equal(1, (int)book["busiest"]!);
    }

    [Fact]
    public async Task An_ordered_webhook_comes_signed_and_after_a_failure_again_under_the_same_id()
    {
        var failures = 1;
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = Interlocked.Decrement(ref failures) >= 0 ? 503 : 404; // which is not asked again
            return Task.CompletedTask;
        });
        await using var smartlead = await FakeSmartlead.StartAsync();
        using var client = Client();

        var sent = await client.PostAsync(Sandbox(smartlead, "webhooks"), new { url = server.Url, @event = "LEAD_UNSUBSCRIBED", campaign = "7", email = "a@x.example" });

        Assert.Equal(404, (int)sent["status"]!);
        Assert.Equal(2, server.Requests.Count);
        Assert.Single(server.Requests.Select(heard => heard.Headers["X-Request-Id"]).Distinct());
        Assert.All(server.Requests, heard => Assert.Equal(
            $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(smartlead.Options.WebhookSecret), heard.Body))}",
            heard.Headers["X-Smartlead-Signature"]));
        Assert.Equal("a@x.example", (string)JsonNode.Parse(server.Requests.First().Text)!["lead_email"]!);
    }

    private static string Sandbox(FakeSmartlead smartlead, string route) => new Uri(smartlead.Url, $"/sandbox/{route}").AbsoluteUri;

    private static async Task TryAsync(HttpClient client, FakeSmartlead smartlead)
    {
        try
        {
            using var response = await AddAsync(client, smartlead, "a@x.example");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // cut, or given up: the book says so
        }
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
