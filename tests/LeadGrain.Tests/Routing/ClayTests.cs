using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Routing;
using LeadGrain.Sandbox.Clay;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Routing;

public sealed class ClayTests(SharedGrid shared) : IClassFixture<SharedGrid>, IAsyncLifetime, IDisposable
{
    private readonly string _org = $"org-{Guid.NewGuid():n}";
    private HttpClient _owner = null!;
    private HttpClient _clay = null!;

    public async Task InitializeAsync()
    {
        _owner = shared.Grid.NewClient("clay", _org);
        _clay = new HttpClient { BaseAddress = _owner.BaseAddress };
        await SetAsync("clay-hmac", "new secret");
        await SetAsync("clay-hmac-previous", "old secret");
        await SetAsync("clay-token", "a token");
        await _owner.AddRuleAsync(new { persona = "Marketing Manager", min_score = 70, target = new { campaign = "9" } });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _owner.Dispose();
        _clay.Dispose();
    }

    [Theory]
    [InlineData("new secret", "")]
    [InlineData("new secret", "sha256=")]
    [InlineData("old secret", "SHA256=")]
    public async Task A_signed_delivery_is_taken_in(string secret, string prefix)
    {
        const string Body = """{ "email" : "jane@acme.example", "persona":"Marketing Manager", "lead_score":"75", "First Name":"Jane","lastName":"Smith","Company Name":"Tech"}""";

        var (status, answer, _) = await SendAsync(Body, ("X-Clay-Signature", prefix + Sign(secret, Body)));

        Assert.Equal((HttpStatusCode.OK, "9"), (status, (string)answer["data"]!["assignedCampaignId"]!));
        var lead = await _owner.ReadAsync($"/routing/leads/{answer["data"]!["leadId"]}");
        Assert.Equal(("clay", "Jane", "Smith", "Tech"), (
            (string)lead["source"]!, (string)lead["data"]!["first_name"]!, (string)lead["data"]!["last_name"]!, (string)lead["data"]!["company"]!));
        Assert.Equal("Jane", (string)lead["data"]!["First Name"]!);
        Assert.Equal("clay", (string)(await _owner.ReadAsync("/audit?action=assigned"))["entries"]![0]!["actor"]!);
    }

    [Theory]
    [InlineData("""{"Email":"x@acme.example","First Name":"X","Persona":"VP Sales","Lead Score":85,"Lead Source":"fair"}""", "VP Sales", 85d, "fair")]
    [InlineData("""{"email":"x@acme.example","PERSONA":"VP Sales","leadScore":" 85 "}""", "VP Sales", 85d, "clay")]
    [InlineData("""{"email":"x@acme.example","persona":"CEO","Persona":"CTO","lead_score":7,"Score":8,"source":"a","Source":"b"}""", "CEO", 7d, "a")]
    [InlineData("""{"email":"x@acme.example","Persona":"","lead_score":"N/A","Lead Score":"","Score":"9.5"}""", null, 9.5, "clay")]
    [InlineData("""{"email":"x@acme.example","lead_score":"N/A"}""", null, null, "clay")]
    [InlineData("""{"email":"x@acme.example","Lead Score":"","score":[1]}""", null, null, "clay")]
    public async Task Persona_score_and_source_are_found_under_the_names_that_columns_have(string body, string? persona, double? score, string source)
    {
        var (status, answer, _) = await SendAsync(body, Signed(body));

        Assert.Equal(HttpStatusCode.OK, status);
        var lead = await _owner.ReadAsync($"/routing/leads/{answer["data"]!["leadId"]}");
        Assert.Equal((persona, score, source), ((string?)lead["persona"], (double?)lead["score"], (string)lead["source"]!));
    }

    [Fact]
    public async Task A_posted_lead_is_read_alike_but_a_score_that_is_no_number_is_an_error()
    {
        var lead = await _owner.IngestAsync(new Dictionary<string, object> { ["Email"] = "x@acme.example", ["Persona"] = "Marketing Manager", ["Lead Score"] = "85" });
        var wrong = await _owner.SendAsync(HttpMethod.Post, "/api/ingest", """{"email":"y@acme.example","lead_score":"N/A"}""");

        Assert.Equal("9", (string)lead["assignedCampaignId"]!);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
    }

    [Fact]
    public async Task A_token_opens_as_well()
        => Assert.Equal(HttpStatusCode.OK, (await SendAsync("""{"email":"a@acme.example"}""", ("X-Clay-Token", "a token"))).Status);

    [Fact]
    public async Task What_is_not_proven_is_refused_alike_whether_the_organization_exists_or_not()
    {
        const string Body = """{"email":"a@acme.example"}""";
        var signature = Sign("new secret", Body);
        (string, string)[][] wrong =
        [
            [], [("X-Clay-Signature", "")], [("X-Clay-Signature", Sign("wrong", Body))], [("X-Clay-Signature", signature[..^1])],
            [("X-Clay-Signature", "sha1=" + signature)], [("X-Clay-Signature", Sign("new secret", Body + " "))], [("X-Clay-Token", "a toke")],
        ];
        var answers = new List<string>();
        foreach (var headers in wrong)
        {
            answers.Add(Bare(await SendAsync(Body, headers)));
        }

        answers.Add(Bare(await _clay.SendAsync(HttpMethod.Post, $"/api/ingest/clay?orgId=nobody-{Guid.NewGuid():n}", Body, ("X-Clay-Signature", signature))));
        answers.Add(Bare(await _clay.SendAsync(HttpMethod.Post, $"/api/ingest/clay?orgId={_org}&appId=other", Body, ("X-Clay-Signature", signature))));

        Assert.Single(answers.Distinct());
        Assert.StartsWith("Unauthorized ", answers[0], StringComparison.Ordinal);
        Assert.Empty((await _owner.ReadAsync("/routing/leads"))["leads"]!.AsArray());
        Assert.Equal(HttpStatusCode.BadRequest, (await _clay.SendAsync(HttpMethod.Post, "/api/ingest/clay", Body)).Status);
    }

    [Fact]
    public async Task The_same_delivery_again_is_the_same_lead()
    {
        const string Body = """{"email":"a@acme.example","persona":"Marketing Manager","lead_score":70}""";
        var signed = ("X-Clay-Signature", Sign("new secret", Body));
        const string Changed = """{"email":"a@acme.example","row":2}""";
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(Body, signed)));
        var first = await SendAsync(Body, signed, ("X-Clay-Delivery-Id", "d-1"));
        var again = await SendAsync(Changed, ("X-Clay-Signature", Sign("new secret", Changed)), ("X-Clay-Delivery-Id", "d-1"));

        Assert.Single(all.Select(a => (string)a.Body["data"]!["leadId"]!).Distinct());
        Assert.All(all, a => Assert.Equal("HELD", (string)a.Body["data"]!["status"]!));
        Assert.Equal((string)first.Body["data"]!["leadId"]!, (string)again.Body["data"]!["leadId"]!);
        Assert.Single((await _owner.ReadAsync("/routing/leads"))["leads"]!.AsArray());
    }

    [Fact]
    public async Task Bytes_that_came_before_make_no_new_lead_under_another_id_nor_after_days()
    {
        const string Body = """{"email":"b@acme.example"}""";
        const string Changed = """{"email":"b@acme.example","row":2}""";
        var first = await SendAsync(Body, Signed(Body), ("X-Clay-Delivery-Id", "d-2"));
        await AgeAsync(days: 20);

        var otherId = await SendAsync(Body, Signed(Body), ("X-Clay-Delivery-Id", "d-3"));
        var noId = await SendAsync(Body, Signed(Body));
        var anew = await SendAsync(Changed, Signed(Changed), ("X-Clay-Delivery-Id", "d-2"));
        var stolen = await SendAsync(Changed, Signed(Changed), ("X-Clay-Delivery-Id", "d-4"));

        foreach (var again in new[] { otherId, noId, anew, stolen })
        {
            Assert.Equal((string)first.Body["data"]!["leadId"]!, (string)again.Body["data"]!["leadId"]!);
            Assert.True(again.Response.Headers.Contains("Idempotent-Replayed"));
        }
    }

    [Theory]
    [InlineData(30)]
    [InlineData(7)]
    public async Task A_delivery_is_forgotten_with_the_look_back_and_not_before(int days)
    {
        const string Body = """{"email":"c@acme.example"}""";
        if (days != 30)
        {
            await _owner.SendAsync(HttpMethod.Put, "/gate", $$"""{"lookBackDays":{{days}}}""");
        }

        var first = await SendAsync(Body, Signed(Body));
        var store = shared.Grid.Services.GetRequiredService<DeliveryStore>();

        await AgeAsync(days - 1);
        var organization = (await shared.Grid.Services.GetRequiredService<OrganizationStore>().FindAsync(new Tenant("clay", _org)))!.Value;
        Assert.Equal(0, await store.ForgetAsync(organization, days));
        await AgeAsync(days: 2);
        Assert.Equal(1, await store.ForgetAsync(organization, days));
        Assert.Equal(0, await store.ForgetAsync(organization, days));

        var again = await SendAsync(Body, Signed(Body));
        Assert.NotEqual((string)first.Body["data"]!["leadId"]!, (string)again.Body["data"]!["leadId"]!);
    }

    [Fact]
    public async Task A_delivery_is_known_for_a_day_also_where_the_gate_looks_back_on_none()
    {
        const string Body = """{"email":"e@acme.example"}""";
        await SendAsync(Body, Signed(Body));
        var store = shared.Grid.Services.GetRequiredService<DeliveryStore>();
        var organization = (await shared.Grid.Services.GetRequiredService<OrganizationStore>().FindAsync(new Tenant("clay", _org)))!.Value;

        Assert.Equal(0, await store.ForgetAsync(organization, lookBackDays: 0));
        await AgeAsync(days: 2);
        Assert.Equal(1, await store.ForgetAsync(organization, lookBackDays: 0));
    }

    [Fact]
    public async Task Deliveries_of_one_id_that_come_at_once_with_other_bytes_and_emails_are_one_lead()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 30).Select(n =>
        {
            var body = $$"""{"email":"{{n}}@acme.example"}""";
            return SendAsync(body, Signed(body), ("X-Clay-Delivery-Id", "d-5"));
        }));

        Assert.All(all, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Single(all.Select(answer => (string)answer.Body["data"]!["leadId"]!).Distinct());
        Assert.Single((await _owner.ReadAsync("/routing/leads"))["leads"]!.AsArray());
    }

    [Fact]
    public async Task A_secret_that_does_not_open_keeps_the_others_from_nothing()
    {
        await using (var broken = shared.Database.DataSource.CreateCommand(
            "update organization_secrets set key_id = 'gone' where name = 'clay-hmac' and organization_id = (select id from organizations where org_id = $1)"))
        {
            broken.Parameters.AddWithValue(_org);
            Assert.Equal(1, await broken.ExecuteNonQueryAsync());
        }

        const string Body = """{"email":"d@acme.example"}""";
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Body, ("X-Clay-Token", "a token"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Body, ("X-Clay-Signature", Sign("old secret", Body)))).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(Body, Signed(Body))).Status); // it may be the one
    }

    [Fact]
    public async Task The_sandboxs_table_delivers_its_rows_and_those_that_it_repeats_make_no_second_lead()
    {
        await using var clay = await FakeClay.StartAsync(new FakeClayOptions { Repeats = 0.5 });
        await SetAsync("clay-hmac", clay.Options.Secret);
        using var table = new HttpClient { BaseAddress = clay.Url };
        var url = new Uri(_owner.BaseAddress!, $"/api/ingest/clay?orgId={_org}&wait=0");

        var ordered = (await table.PostAsync("/sandbox/deliveries", new { url, rows = 6 }))["deliveries"]!.AsArray();

        Assert.InRange(ordered.Count, 7, 11);
        Assert.All(ordered, delivery => Assert.Equal((200, 1), ((int)delivery!["status"]!, (int)delivery["attempts"]!)));
        Assert.Equal(ordered.ToJsonString(), (await table.ReadAsync("/sandbox/deliveries"))["deliveries"]!.ToJsonString());
        var leads = (await _owner.ReadAsync("/routing/leads"))["leads"]!.AsArray();
        Assert.Equal(
            ordered.Select(delivery => $"{(string)delivery!["email"]!} {LeadId(delivery)}").Distinct().Order(),
            leads.Select(lead => $"{(string)lead!["email"]!} {(string)lead["id"]!}").Order());
        Assert.Equal(6, leads.Count);
        Assert.Equal(HttpStatusCode.BadRequest, (await table.SendAsync(HttpMethod.Post, "/sandbox/deliveries", """{"rows":6}""")).Status);

        static string LeadId(JsonNode delivery) => (string)JsonNode.Parse((string)delivery["answer"]!)!["data"]!["leadId"]!;
    }

    // All that this organization has received, made older.
    private async Task AgeAsync(int days)
    {
        await using var command = shared.Database.DataSource.CreateCommand(
            """
            with keys as (update idempotency_keys set created_at = created_at - make_interval(days => $2))
            update ingest_deliveries set received_at = received_at - make_interval(days => $2)
            where organization_id = (select id from organizations where org_id = $1)
            """);
        command.Parameters.AddWithValue(_org);
        command.Parameters.AddWithValue(days);
        await command.ExecuteNonQueryAsync();
    }

    private static (string, string) Signed(string body) => ("X-Clay-Signature", Sign("new secret", body));

    private Task<(HttpStatusCode Status, JsonNode Body, HttpResponseMessage Response)> SendAsync(string body, params (string, string)[] headers)
        => _clay.SendAsync(HttpMethod.Post, $"/api/ingest/clay?orgId={_org}&wait=0", body, headers);

    private async Task SetAsync(string name, string value)
        => Assert.Equal(HttpStatusCode.OK, (await _owner.SendAsync(HttpMethod.Put, $"/organization/secrets/{name}", $$"""{"value":"{{value}}"}""")).Status);

    private static string Bare((HttpStatusCode Status, JsonNode Body, HttpResponseMessage) answer)
    {
        answer.Body.AsObject().Remove("requestId");
        return $"{answer.Status} {answer.Body.ToJsonString()}";
    }

    private static string Sign(string secret, string body)
        => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)));
}
