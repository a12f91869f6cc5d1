using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Ingestion;

public sealed class LeadApiTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private const string SeedBody =
        """{"click_id":"12345","country":"LV","creo":"banner-1","description":"Interested in trading","domain":"example.com","email":"user@example.com","firstName":"John","ip":"192.168.1.1","lang":"lv","lastName":"Doe","marker":"Pureshka","offer":"Baltic Capital Native","phone":"+371123456789","sourcetype":"web"}""";

    [Fact]
    public async Task The_seeds_lead_is_created_with_every_field_and_kept_byte_for_byte()
    {
        using var client = shared.Grid.NewClient("app", "seed");
        var id = (await client.PostLeadAsync(SeedBody)).MustBeCreated();

        var lead = await client.LeadAsync(id);
        foreach (var (name, value) in JsonNode.Parse(SeedBody)!.AsObject())
        {
            Assert.Equal((string?)value, (string?)lead[name]);
        }

        Assert.Equal(("new", null, 1), ((string?)lead["status"], (string?)lead["assignedTo"], (int)lead["version"]!));
        Assert.Null(lead["extra"]);
        var raw = await client.ReadAsync($"/raw/{id}?redact=false");
        Assert.Equal(SeedBody, Encoding.UTF8.GetString((byte[])Convert.FromBase64String((string)raw["bodyBase64"]!)));
        Assert.Equal("stored", (string?)raw["entry"]!["state"]);
    }

    [Fact]
    public async Task What_the_url_says_is_kept_and_fills_what_the_body_leaves_open()
    {
        using var client = shared.Grid.NewClient("app", "query");
        const string Query = "click_id=777&country=LV&utm_source=face%20book&&email=";
        using var body = new StringContent("""{"country":"EE","offer":null,"more":[1]}""", Encoding.UTF8, "application/json");
        var id = (await Answer.OfAsync(await client.PostAsync(new Uri($"/api/lead?{Query}", UriKind.Relative), body))).MustBeCreated();

        var lead = await client.LeadAsync(id);
        Assert.Equal(("777", "EE", ""), ((string?)lead["click_id"], (string?)lead["country"], (string?)lead["email"]));
        Assert.Equal("""{"utm_source":"face book","country":"LV","more":[1]}""", lead["extra"]!.ToJsonString());
        Assert.Equal(Query, (string?)(await client.ReadAsync($"/raw/{id}?redact=false"))["query"]);
        Assert.Equal("***", (string?)(await client.ReadAsync($"/raw/{id}"))["query"]);

        await client.EndOfJobAsync((Guid)(await client.PostAsync("/raw/replay", new { ids = new[] { id } }))["id"]!);
        Assert.Equal("777", (string?)(await client.LeadAsync(id))["click_id"]);
        Assert.Equal("""{"utm_source":"face book","country":"LV","more":[1]}""", (await client.LeadAsync(id))["extra"]!.ToJsonString());
    }

    [Fact]
    public async Task A_repeat_of_a_key_is_409_with_the_first_leads_id()
    {
        using var client = shared.Grid.NewClient("app", "repeat");
        var first = (await client.PostLeadAsync("""{"email":"a@b.c"}""", "key-1")).MustBeCreated();

        Assert.Equal(first, (await client.PostLeadAsync("""{"email":"a@b.c"}""", "key-1")).MustBeRepeated());
        Assert.Equal(first, (await client.PostLeadAsync("""{"email":"other@b.c"}""", "key-1")).MustBeRepeated());
        Assert.NotEqual(first, (await client.PostLeadAsync("""{"email":"a@b.c"}""", "key-2")).MustBeCreated());
        using var other = shared.Grid.NewClient("app", "repeat-other");
        Assert.NotEqual(first, (await other.PostLeadAsync("""{"email":"a@b.c"}""", "key-1")).MustBeCreated());

        Assert.Equal(["conflict", "duplicate"], (await client.RawAsync()).Select(e => (string)e["state"]!).Where(s => s != "stored").Order());
        var conflict = (await client.RawAsync("conflict")).Single();
        Assert.Equal(first, (Guid)conflict["leadId"]!);
        var kept = await client.ReadAsync($"/raw/{(Guid)conflict["id"]!}?redact=false");
        Assert.Equal("""{"email":"other@b.c"}""", Encoding.UTF8.GetString(Convert.FromBase64String((string)kept["bodyBase64"]!)));
        Assert.Equal(2, (await client.ReadAsync("/crm/leads"))["leads"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_hundred_repeats_at_once_make_one_lead()
    {
        using var client = shared.Grid.NewClient("app", "hundred");
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.PostLeadAsync("""{"email":"a@b.c"}""", "one")));

        var created = answers.Single(answer => answer.Status == HttpStatusCode.Created).MustBeCreated();
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => Assert.Equal(created, answer.MustBeRepeated()));
        Assert.Single((await client.ReadAsync("/crm/leads"))["leads"]!.AsArray());
        Assert.Equal(100, (await client.RawAsync()).Count);
    }

    [Fact]
    public async Task A_body_that_is_no_lead_does_not_keep_its_key_from_one_that_is()
    {
        using var client = shared.Grid.NewClient("app", "takeover");
        (await client.PostLeadAsync("[1]", "k")).MustBeRefused(400, "invalid_payload");
        (await client.PostLeadAsync("[1]", "k")).MustBeRefused(400, "invalid_payload");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.PostLeadAsync("""{"email":"a@b.c"}""", "k")));

        var created = answers.Single(answer => answer.Status == HttpStatusCode.Created).LeadId();
        Assert.All(answers, answer => Assert.Equal(created, answer.LeadId()));
        Assert.Equal(2, (await client.RawAsync("invalid")).Count);
    }

    [Fact]
    public async Task The_same_bytes_under_the_same_key_with_the_right_encoding_are_the_lead()
    {
        using var client = shared.Grid.NewClient("app", "corrected");
        var packed = Pack("gzip", """{"email":"a@b.c"}"""u8.ToArray());
        (await client.PostLeadAsync(packed, "k")).MustBeRefused(400, "invalid_payload");

        var id = (await client.PostLeadAsync(packed, "k", encoding: "gzip")).MustBeCreated();
        Assert.Equal("a@b.c", (string?)(await client.LeadAsync(id))["email"]);
        Assert.Equal(id, (await client.PostLeadAsync(packed, "k", encoding: "gzip")).MustBeRepeated());
        (await client.PostLeadAsync(packed, "k")).MustBeRefused(400, "invalid_payload");

        // And so with the type, also where ten correct it at once.
        (await client.PostLeadAsync("email=a%40b.c", "form")).MustBeRefused(400, "invalid_payload");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => client.PostLeadAsync("email=a%40b.c", "form", "application/x-www-form-urlencoded")));
        var form = answers.Single(answer => answer.Status == HttpStatusCode.Created).LeadId();
        Assert.All(answers, answer => Assert.Equal(form, answer.LeadId()));
        Assert.Equal("a@b.c", (string?)(await client.LeadAsync(form))["email"]);

        // A type that changes nothing is no reason for a second lead.
        Assert.Equal(form, (await client.PostLeadAsync("email=a%40b.c", "form", "application/x-www-form-urlencoded; charset=utf-8")).MustBeRepeated());
        Assert.Equal(2, (await client.ReadAsync("/crm/leads"))["leads"]!.AsArray().Count);
        Assert.Empty(await client.RawAsync("conflict"));
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("not_json", "not json")]
    [InlineData("not_an_object", "null")]
    [InlineData("not_an_object", "[{\"email\":\"a@b.c\"}]")]
    [InlineData("not_json", "{\"email\":\"a@b.c\"")]
    [InlineData("not_json", "{\"email\":\"a@b.c\"} x")]
    public async Task What_is_no_object_is_kept_and_refused_as_the_seed_does(string reason, string body)
    {
        using var client = shared.Grid.NewClient("app", $"invalid-{Guid.NewGuid()}");
        (await client.PostLeadAsync(body)).MustBeRefused(400, "invalid_payload");

        var entry = (await client.RawAsync("invalid")).Single();
        Assert.Equal((reason, Encoding.UTF8.GetByteCount(body)), ((string?)entry["reason"], (int)entry["bytes"]!));
        Assert.Empty(await client.RawAsync("pending"));
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain;charset=UTF-8")]
    [InlineData(null)]
    public async Task Json_is_a_lead_under_whatever_type_a_sender_gives_it(string? type)
    {
        using var client = shared.Grid.NewClient("app", $"type-{Guid.NewGuid():n}");

        var id = (await client.PostLeadAsync("""{"email":"a@b.c","utm":"1"}""", contentType: type)).MustBeCreated();

        var lead = await client.LeadAsync(id);
        Assert.Equal(("a@b.c", """{"utm":"1"}"""), ((string?)lead["email"], lead["extra"]!.ToJsonString()));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Compressed_bodies_are_taken_and_kept_as_they_came(string encoding)
    {
        using var client = shared.Grid.NewClient("app", encoding);
        var packed = Pack(encoding, """{"email":"packed@b.c"}"""u8.ToArray());
        var id = (await client.PostLeadAsync(packed, encoding: encoding)).MustBeCreated();

        Assert.Equal("packed@b.c", (string?)(await client.LeadAsync(id))["email"]);
        var raw = await client.ReadAsync($"/raw/{id}?redact=false");
        Assert.Equal(packed, Convert.FromBase64String((string)raw["bodyBase64"]!));
        Assert.Equal(encoding, (string?)raw["entry"]!["contentEncoding"]);
    }

    [Fact]
    public async Task More_than_a_megabyte_is_413_be_it_packed_or_not()
    {
        using var client = shared.Grid.NewClient("app", "large");
        client.DefaultRequestHeaders.ExpectContinue = true; // to hear the refusal before the body is sent into a closed connection
        var most = Encoding.UTF8.GetBytes($$"""{"email":"a@b.c","junk":"{{new string('x', (1024 * 1024) - 27)}}"}""");
        Assert.Equal(1024 * 1024, most.Length);
        (await client.PostLeadAsync(most)).MustBeCreated();
        (await client.PostLeadAsync([.. most, (byte)' '])).MustBeRefused(413, "body_too_large");
        (await client.PostLeadAsync(Pack("gzip", new byte[200 * 1024 * 1024]), encoding: "gzip")).MustBeRefused(413, "body_too_large");
        (await client.PostLeadAsync(Pack("br", new byte[200 * 1024 * 1024]), encoding: "br")).MustBeRefused(413, "body_too_large");

        (await client.PostLeadAsync("no gzip"u8.ToArray(), encoding: "gzip")).MustBeRefused(400, "invalid_payload");
        (await client.PostLeadAsync("{}"u8.ToArray(), encoding: "zstd")).MustBeRefused(400, "invalid_payload");
        Assert.Equal(["broken_encoding", "unknown_encoding"], (await client.RawAsync("invalid")).Select(e => (string)e["reason"]!).Order());
    }

    [Fact]
    public async Task Keys_that_cannot_be_kept_as_they_are_still_make_repeats_one_lead()
    {
        using var client = shared.Grid.NewClient("app", "odd-keys");
        foreach (var key in new[] { new string('k', 2_000), "a\tb", new string('k', 255) })
        {
            var id = (await client.PostLeadAsync("{}", key)).MustBeCreated();
            Assert.Equal(id, (await client.PostLeadAsync("{}", key)).MustBeRepeated());
        }

        Assert.NotEqual((await client.PostLeadAsync("{}", " ")).MustBeCreated(), (await client.PostLeadAsync("{}", " ")).MustBeCreated());
    }

    [Fact]
    public async Task Without_a_key_posts_act_for_the_open_organization_and_a_wrong_key_is_401()
    {
        using var open = new HttpClient { BaseAddress = shared.Client.BaseAddress };
        var id = (await open.PostLeadAsync("""{"email":"open@b.c"}""")).MustBeCreated();
        using var owner = shared.Grid.NewClient("default", "default");
        Assert.Equal("open@b.c", (string?)(await owner.LeadAsync(id))["email"]);

        foreach (var key in new[] { "wrong", "" })
        {
            var refused = await open.PostLeadAsync("{}"u8.ToArray(), headers: ("X-API-Key", key));
            refused.MustBeRefused(401, "unauthorized");
        }

        (await open.PostLeadAsync("{}"u8.ToArray(), headers: ("X-API-Key", TestGrid.Key))).MustBeRefused(400, "invalid_header");
        foreach (var path in new[] { "/raw", "/jobs", "/crm/leads", $"/raw/{id}", $"/crm/leads/{id}", "/crm/leads.csv" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await open.GetAsync(path)).StatusCode);
        }
    }

    [Fact]
    public async Task The_open_organization_can_be_closed()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("INGEST_ORGANIZATION", ""));
        using var open = new HttpClient { BaseAddress = grid.Client.BaseAddress };
        (await open.PostLeadAsync("{}")).MustBeRefused(401, "unauthorized");
    }

    [Fact]
    public async Task Beyond_the_organizations_rate_a_post_is_429_in_the_seeds_shape()
    {
        using var client = shared.Grid.NewClient("app", "limited");
        using var set = await client.PutAsJsonAsync("/organization/limits", new { requestsPerSecond = 1, burst = 1 });
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.PostLeadAsync("{}")));

        var refused = answers.First(answer => answer.Status != HttpStatusCode.Created);
        refused.MustBeRefused(429, "rate_limited");
        Assert.NotNull(refused.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_multipart_form_is_a_lead_with_its_fields()
    {
        using var client = shared.Grid.NewClient("app", "multipart");
        using var form = new MultipartFormDataContent { { new StringContent("a@b.c"), "email" }, { new StringContent("Jörg"), "first_name" }, { new ByteArrayContent([1, 2, 3]), "cv", "cv.pdf" } };
        using var answer = await client.PostAsync("/api/lead", form);

        var lead = await client.LeadAsync((await Answer.OfAsync(answer)).MustBeCreated());

        Assert.Equal(("a@b.c", "Jörg"), ((string?)lead["email"], (string?)lead["firstName"]));
        Assert.Equal(("cv.pdf", 3), ((string?)lead["extra"]!["cv"]!["filename"], (int)lead["extra"]!["cv"]!["bytes"]!));
    }

    [Theory]
    [InlineData("""{"email":"a\u0000b","x":"\u0000"}""", """{"email":"a\u0000b","x":"\u0000"}""")]
    [InlineData("""{"email":"a\ud800b","x":"\udc00"}""", """{"email":"a\ud800b","x":"\udc00"}""")]
    public async Task What_postgresql_cannot_hold_is_replaced_in_the_field_and_comes_back_in_the_extra(string body, string extra)
    {
        using var client = shared.Grid.NewClient("app", $"unstorable-{Guid.NewGuid():n}");

        var id = (await client.PostLeadAsync(body)).MustBeCreated();

        Assert.Equal("a\uFFFDb", (string?)(await client.LeadAsync(id))["email"]);
        Assert.Contains($"\"extra\":{extra}", await client.GetStringAsync($"/crm/leads/{id}"), StringComparison.Ordinal);
        Assert.Equal("stored", (string?)(await client.RawAsync()).Single()["state"]);
    }

    private static byte[] Pack(string encoding, byte[] plain)
    {
        using var packed = new MemoryStream();
        using (Stream stream = encoding == "gzip"
            ? new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)
            : new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(plain);
        }

        return packed.ToArray();
    }
}
