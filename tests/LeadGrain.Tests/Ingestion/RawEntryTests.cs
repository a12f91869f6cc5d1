using System.Text.Json.Nodes;
using LeadGrain.Gateway.Ingestion;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Ingestion;

/// <summary>What the raw log keeps of a post, and what it shows of it.</summary>
public sealed class RawEntryTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Fact]
    public async Task Headers_are_kept_but_for_those_that_could_hold_a_secret()
    {
        using var client = shared.Grid.NewClient("app", "headers");
        var id = (await client.PostLeadAsync(
            "{}"u8.ToArray(),
            "my-key",
            headers: [("Authorization", "Bearer s3cret"), ("Cookie", "a=s3cret"), ("X-Hub-Signature", "s3cret"), ("X-Access-Token", "s3cret"),
                ("X-Client-Secret", "s3cret"), ("X-Sig", "s3cret"), ("X-Passcode", "s3cret"), ("Referer", "https://page.example/a?code=s3cret&utm=1"), ("User-Agent", "form/1"), ("X-Forwarded-For", "203.0.113.7")])).MustBeCreated();

        var shown = await client.ReadAsync($"/raw/{id}?redact=false");
        Assert.DoesNotContain("s3cret", shown.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(TestGrid.Key, shown.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("form/1", (string?)shown["headers"]!["User-Agent"]);
        Assert.Equal("https://page.example/a", (string?)shown["headers"]!["Referer"]);
        Assert.Equal("203.0.113.7", (string?)shown["headers"]!["X-Forwarded-For"]);
        Assert.Equal("my-key", (string?)shown["headers"]!["Idempotency-Key"]);
        Assert.Equal("127.0.0.1", (string?)shown["remoteAddress"]);
    }

    [Theory]
    [InlineData("X-Sig", true)]
    [InlineData("x_sig", true)]
    [InlineData("X-Pin", true)]
    [InlineData("PIN", true)]
    [InlineData("X-Webhook-Sign", true)]
    [InlineData("X-Passcode", true)]
    [InlineData("X-PassPhrase", true)]
    [InlineData("X-Pass", true)]
    [InlineData("X-Api-KEY", true)]
    [InlineData("Proxy-Authorization", true)]
    [InlineData("X-Signal", false)]
    [InlineData("X-Signup-Source", false)]
    [InlineData("X-Design", false)]
    [InlineData("X-Shipping", false)]
    [InlineData("X-Pinned", false)]
    [InlineData("X-Spin-Id", false)]
    [InlineData("X-Passenger", false)]
    [InlineData("X-Bypass-Cache", false)]
    [InlineData("Idempotency-Key", false)]
    public void A_header_is_a_secret_by_its_name(string name, bool isSecret) => Assert.Equal(isSecret, SafeHeaders.IsSecret(name));

    [Theory]
    [InlineData("https://page.example/a?code=1", "https://page.example/a")]
    [InlineData("https://page.example/a#token=1?b", "https://page.example/a")]
    [InlineData("https://page.example/a", "https://page.example/a")]
    [InlineData("?a=1", "")]
    public void A_referer_is_kept_without_its_query(string given, string kept)
        => Assert.Equal(kept, (string?)JsonNode.Parse(SafeHeaders.ToJson(new HeaderDictionary { ["referer"] = given }))!["referer"]);

    [Fact]
    public async Task Neither_the_list_nor_an_entry_shows_what_was_posted_unless_asked()
    {
        using var client = shared.Grid.NewClient("app", "masked");
        var id = (await client.PostLeadAsync(
            """{"email":"s3cret@b.c","n":[7777777],"s3cret@b.c":1}"""u8.ToArray(), "s3cret-key", headers: [("User-Agent", "s3cret")])).MustBeCreated();

        foreach (var path in new[] { "/raw", "/raw?redact=false", "/raw?state=stored", $"/raw/{id}", $"/raw/{id}?redact=true" })
        {
            var shown = await client.GetStringAsync(path);
            Assert.Contains($"{id}", shown, StringComparison.Ordinal);
            Assert.All(new[] { "s3cret", "czNjcmV0", "7777777", "127.0.0.1" }, part => Assert.DoesNotContain(part, shown, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_entry_of_the_raw_log_tells_when_it_came_and_of_which_request()
    {
        using var client = shared.Grid.NewClient("app", "entry");
        var from = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        var id = (await client.PostLeadAsync("{ }"u8.ToArray(), contentType: "text/plain", headers: ("X-Request-Id", "req-7"))).MustBeCreated();
        var to = DateTimeOffset.UtcNow;

        foreach (var entry in new[] { (await client.RawAsync()).Single(), (await client.ReadAsync($"/raw/{id}"))["entry"]! })
        {
            Assert.Equal(("req-7", "text/plain", null, 3), (
                (string?)entry["requestId"], (string?)entry["contentType"], (string?)entry["contentEncoding"], (int)entry["bytes"]!));
            Assert.InRange(DateTimeOffset.Parse((string)entry["receivedAt"]!, null), from, to);
        }

        Assert.Equal("req-7", await shared.Database.ScalarAsync<string>("select request_id from leads_raw where id = $1", id));
    }

    [Theory]
    [InlineData("127.0.0.0/8, 10.1.2.3", "203.0.113.7, 198.51.100.9, 10.1.2.3", "198.51.100.9")]
    [InlineData("10.0.0.0/8", "203.0.113.7", "127.0.0.1")]
    [InlineData("", "203.0.113.7", "127.0.0.1")]
    public async Task The_address_is_what_trusted_proxies_say_and_nobody_else(string trusted, string header, string expected)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("TRUSTED_PROXIES", trusted));

        var id = (await grid.Client.PostLeadAsync("{}"u8.ToArray(), null, headers: [("X-Forwarded-For", header)])).MustBeCreated();

        Assert.Equal(expected, (string?)(await grid.Client.ReadAsync($"/raw/{id}?redact=false"))["remoteAddress"]);
    }
}
