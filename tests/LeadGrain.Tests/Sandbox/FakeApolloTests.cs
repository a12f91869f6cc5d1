using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.Sandbox.Apollo;

namespace LeadGrain.Tests.Sandbox;

public sealed class FakeApolloTests
{
    [Fact]
    public async Task An_email_always_has_the_same_person_by_query_and_by_body()
    {
        await using var apollo = await FakeApollo.StartAsync();
        using var client = Client(apollo);

        using var byQuery = await client.PostAsync(new Uri($"{apollo.Url}/people/match?email=ada@acme.example"), null);
        using var byBody = await client.PostAsJsonAsync(new Uri($"{apollo.Url}/people/match"), new { email = "Ada@Acme.example" });

        var first = await byQuery.Content.ReadAsStringAsync();
        Assert.Equal(first, await byBody.Content.ReadAsStringAsync());
        Assert.Equal("acme.example", JsonNode.Parse(first)!["person"]!["organization"]!["primary_domain"]!.GetValue<string>());
        Assert.Equal("1000", byQuery.Headers.GetValues("x-rate-limit-minute").Single());
        Assert.Equal("", byQuery.Headers.GetValues("x-rate-limit-hourly").Single());
    }

    [Fact]
    public async Task A_bulk_match_answers_in_order_and_bills_what_it_found()
    {
        await using var apollo = await FakeApollo.StartAsync();
        using var client = Client(apollo);

        using var response = await client.PostAsJsonAsync(new Uri($"{apollo.Url}/people/bulk_match"), new
        {
            details = new object[] { new { email = "ada@acme.example" }, new { email = "nobody@acme.example" }, new { email = "bram@acme.example" } },
        });

        var answer = (await response.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal(["ada@acme.example", null, "bram@acme.example"], answer["matches"]!.AsArray().Select(m => m?["email"]?.GetValue<string>()));
        Assert.Equal((2, 1), (answer["credits_consumed"]!.GetValue<int>(), answer["missing_records"]!.GetValue<int>()));
        Assert.Equal(2, apollo.Book.Credits);
        Assert.Equal(3, apollo.Book.Calls.Count);
    }

    [Fact]
    public async Task Eleven_in_bulk_nobody_named_and_a_wrong_key_are_refused_as_the_vendor_does()
    {
        await using var apollo = await FakeApollo.StartAsync();
        using var client = Client(apollo);
        using var stranger = new HttpClient();

        using var eleven = await client.PostAsJsonAsync(
            new Uri($"{apollo.Url}/people/bulk_match"), new { details = Enumerable.Range(0, 11).Select(i => new { email = $"p{i}@acme.example" }) });
        using var nameless = await client.PostAsync(new Uri($"{apollo.Url}/people/match"), null);
        using var keyless = await stranger.PostAsync(new Uri($"{apollo.Url}/people/match?email=ada@acme.example"), null);

        Assert.Equal(
            [HttpStatusCode.UnprocessableEntity, HttpStatusCode.UnprocessableEntity, HttpStatusCode.Unauthorized],
            [eleven.StatusCode, nameless.StatusCode, keyless.StatusCode]);
        Assert.Equal("text/plain", keyless.Content.Headers.ContentType?.MediaType);
        Assert.Equal(0, apollo.Book.Credits);
    }

    [Fact]
    public async Task The_rate_limit_counts_by_the_minute_and_says_when_to_come_back()
    {
        var time = new FakeTime();
        await using var apollo = await FakeApollo.StartAsync(new FakeApolloOptions { RatePerMinute = 2, Time = time });
        using var client = Client(apollo);
        time.Advance(TimeSpan.FromSeconds(15));
        async Task<HttpResponseMessage> Ask() => await client.PostAsync(new Uri($"{apollo.Url}/people/match?email=ada@acme.example"), null);

        using var first = await Ask();
        using var second = await Ask();
        using var third = await Ask();
        time.Advance(third.Headers.RetryAfter!.Delta!.Value);
        using var fourth = await Ask();

        Assert.Equal("1", first.Headers.GetValues("x-minute-requests-left").Single());
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(45)), (third.StatusCode, third.Headers.RetryAfter.Delta));
        Assert.Equal(HttpStatusCode.OK, fourth.StatusCode);
    }

    [Fact]
    public async Task The_book_can_be_read_over_http()
    {
        await using var apollo = await FakeApollo.StartAsync();
        using var client = Client(apollo);
        using var asked = await client.PostAsync(new Uri($"{apollo.Url}/people/match?email=ada@acme.example"), null);

        var book = await client.GetFromJsonAsync<JsonNode>(new Uri(apollo.Url, "/sandbox/calls"));

        Assert.Equal(1, book!["credits"]!.GetValue<int>());
        Assert.Equal("matched", book["calls"]![0]!["outcome"]!.GetValue<string>());
    }

    private static HttpClient Client(FakeApollo apollo)
    {
        var client = new HttpClient();
        client.DefaultRequestHeaders.Add("x-api-key", apollo.ApiKey);
        return client;
    }
}
