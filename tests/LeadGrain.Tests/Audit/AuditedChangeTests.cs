using System.Net;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Organizations;
using LeadGrain.Tests.Routing;

namespace LeadGrain.Tests.Audit;

public sealed class AuditedChangeTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly HttpClient _client = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task The_log_is_listed_by_who_did_it_and_by_when()
    {
        using var client = shared.Grid.NewClient("app", "listed");
        var organization = await new OrganizationStore(shared.Database.DataSource).FindOrAddAsync(new Tenant("app", "listed"));
        var time = new FakeTime();
        foreach (var actor in new[] { "admin", "key:a", "grid", "key:a" })
        {
            await new AuditStore(shared.Database.DataSource, time).AppendAsync(new AuditEntry(organization, actor, "done", "thing", actor));
            time.Advance(TimeSpan.FromDays(1));
        }

        await client.MustBeCutAsync("/audit", "entries", "at");
        Assert.Equal(["key:a", "key:a"], (await client.ReadAsync("/audit?actor=key:a"))["entries"]!.AsArray().Select(entry => (string)entry!["entityId"]!));
    }

    [Theory]
    [InlineData("info@acme.example", "assigned", "YELLOW", "role_address 30")]
    [InlineData("info@mailinator.com", "blocked", "RED", "disposable_domain 60, role_address 30")]
    public async Task A_lead_that_something_tells_against_is_noted_with_each_checks_points_and_reason(string email, string action, string health, string checks)
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });
        var lead = await _client.IngestAsync(new { email });

        var entry = (await _client.ReadAsync($"/audit?entityId={lead["leadId"]}"))["entries"]![0]!;

        var noted = entry["after"]!["checks"]!;
        Assert.Equal((action, health, checks), (
            (string)entry["action"]!, (string)entry["after"]!["health"]!, string.Join(", ", noted.AsArray().Select(check => $"{check!["name"]} {check["points"]}"))));
        Assert.All(noted.AsArray(), check => Assert.NotEmpty((string)check!["reason"]!));
        Assert.Equal(Compact(lead["health"]!["checks"]), Compact(noted));
    }

    [Fact]
    public async Task A_change_of_the_gate_is_noted_with_what_it_was_and_is()
    {
        var first = await _client.ReadAsync("/gate");
        var second = await SendAsync(HttpMethod.Put, "/gate", """{"yellowFrom":75,"points":{"duplicate":0}}""");
        var third = await SendAsync(HttpMethod.Put, "/gate", """{"greenFrom":90}""");

        Assert.Equal([(Compact(second), Compact(third)), (Compact(first), Compact(second))], await ChangesAsync("gate_changed"));
    }

    [Fact]
    public async Task A_change_of_a_campaigns_and_of_smartleads_settings_is_noted_with_what_they_were_and_are()
    {
        foreach (var (path, body) in new[]
        {
            ("/campaigns/7", """{"kind":"smartlead","settings":{"batchLimit":3}}"""), ("/campaigns/7", """{"kind":"smartlead","settings":{"batchLimit":4},"dailyCap":5}"""),
            ("/organization/smartlead", """{"batchLimit":2}"""), ("/organization/smartlead", """{"rateLimit":9}"""),
        })
        {
            await SendAsync(HttpMethod.Put, path, body);
        }

        Assert.Equal(
            [("""{"kind":"smartlead","batchLimit":3}""", """{"kind":"smartlead","batchLimit":4,"dailyCap":5,"timeZone":null}""")],
            await ChangesAsync("campaign_changed"));
        Assert.Equal(
            [("""{"batchLimit":2}""", """{"rateLimit":9}"""), ("{}", """{"batchLimit":2}""")],
            await ChangesAsync("smartlead_settings_changed"));
    }

    [Fact]
    public async Task An_email_that_is_suppressed_and_let_off_is_noted_by_its_hash_with_the_reason()
    {
        await SendAsync(HttpMethod.Post, "/suppressions", """{"emails":["ann@acme.example"],"reason":"complained"}""");
        var hash = (string)(await _client.ReadAsync("/suppressions"))["suppressions"]![0]!["emailHash"]!;
        await SendAsync(HttpMethod.Delete, "/suppressions", """{"emails":["ann@acme.example"]}""");

        Assert.Equal([("null", """{"reason":"complained"}""")], await ChangesAsync("suppression_added"));
        Assert.Equal([("""{"reason":"complained"}""", "null")], await ChangesAsync("suppression_removed"));
        Assert.All(await EntriesAsync(null), entry => Assert.Equal(("suppression", hash), ((string)entry!["entity"]!, (string)entry["entityId"]!)));
    }

    [Fact]
    public async Task A_change_of_limits_is_noted_with_what_it_was_and_is()
    {
        await SendAsync(HttpMethod.Put, "/organization/limits", """{"burst":900}""");
        await SendAsync(HttpMethod.Put, "/organization/limits", """{"requestsPerSecond":800,"maxInFlight":700}""");

        var entries = await EntriesAsync("limits_changed");

        Assert.Null(entries[1]!["before"]);
        Assert.Equal(("""{"requestsPerSecond":null,"burst":900,"maxInFlight":null}""", """{"requestsPerSecond":800,"burst":null,"maxInFlight":700}"""), (
            Compact(entries[0]!["before"]), Compact(entries[0]!["after"])));
    }

    [Fact]
    public async Task A_pause_of_a_namespace_and_its_end_are_noted_once_with_who_why_and_what_was()
    {
        await SendAsync(HttpMethod.Post, "/buffer/push", """{"namespace":"a/b","leads":[{"email":"ann@acme.example","externalId":"1"}]}""");
        foreach (var verb in new[] { "resume", "pause", "pause", "resume", "resume" })
        {
            await SendAsync(HttpMethod.Post, $"/namespaces/a%2Fb/{verb}", null, $"to {verb}");
        }

        Assert.Equal(
            [
                """namespace_resumed admin namespace a/b to resume {"paused":true} {"paused":false}""",
                """namespace_paused admin namespace a/b to pause {"paused":false} {"paused":true}""",
            ],
            (await EntriesAsync(null)).Select(e => string.Join(' ', e!["action"], e["actor"], e["entity"], e["entityId"], e["reason"], Compact(e["before"]), Compact(e["after"]))));
    }

    [Fact]
    public async Task A_campaigns_and_a_keys_changes_are_noted_with_what_they_were_and_are()
    {
        await SendAsync(HttpMethod.Put, "/campaigns/7", """{"kind":"namespace","namespace":"own"}""");
        await SendAsync(HttpMethod.Post, "/campaigns/7/pause", null);
        await SendAsync(HttpMethod.Post, "/campaigns/7/resume", null);
        await SendAsync(HttpMethod.Delete, "/campaigns/7", null);
        var key = await SendAsync(HttpMethod.Post, "/organization/keys", """{"name":"Campaign service","scope":"use"}""");
        await SendAsync(HttpMethod.Delete, $"/organization/keys/{key["id"]}", null);

        Assert.Equal(("active", "paused"), await StatesAsync("campaign_paused"));
        Assert.Equal(("paused", "active"), await StatesAsync("campaign_resumed"));
        Assert.Equal("own", (string)(await EntriesAsync("campaign_deleted"))[0]!["before"]!["namespace"]!);
        Assert.Equal("""{"name":"Campaign service","scope":"use"}""", Compact((await EntriesAsync("key_created"))[0]!["after"]));
        Assert.Equal("use", (string)(await EntriesAsync("key_revoked"))[0]!["before"]!["scope"]!);
    }

    [Fact]
    public async Task A_rotation_of_a_campaigns_signing_secret_is_noted_with_who_did_it_and_why_and_never_the_secret()
    {
        var first = (string)(await SendAsync(HttpMethod.Put, "/campaigns/hook", """{"kind":"webhook","url":"https://receiver.example/hook"}"""))["signingSecret"]!;
        var second = (string)(await SendAsync(HttpMethod.Post, "/campaigns/hook/secret", null, "it leaked"))["signingSecret"]!;

        Assert.NotEqual(first, second);
        Assert.Equal(
            ["admin secret webhook-hook it leaked", "admin secret webhook.previous-hook it leaked", "admin secret webhook-hook "],
            (await EntriesAsync("secret_set")).Select(e => string.Join(' ', e!["actor"], e["entity"], e["entityId"], e["reason"])));
        foreach (var secret in new[] { first, second })
        {
            var text = secret["whsec_".Length..];
            Assert.Equal(0, await shared.Database.ScalarAsync<long>("select count(*) from audit_log a where strpos(a::text, $1) > 0", text));
            Assert.DoesNotContain(text, (await _client.ReadAsync("/audit")).ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Replays_files_and_posts_shown_as_they_came_are_noted()
    {
        var posted = await _client.PostAsync("/api/lead", new { email = "ann@acme.example" });
        var id = (string)posted["lead_id"]!;
        using (var export = await _client.GetAsync(new Uri("/crm/leads.csv?status=new", UriKind.Relative)))
        {
            Assert.Equal(HttpStatusCode.OK, export.StatusCode);
        }

        using (var file = new StringContent("""{"email":"ben@acme.example"}""", System.Text.Encoding.UTF8, "application/x-ndjson"))
        using (var import = await _client.PostAsync(new Uri("/crm/leads/import", UriKind.Relative), file))
        {
            Assert.Equal(HttpStatusCode.OK, import.StatusCode);
        }

        var replay = await SendAsync(HttpMethod.Post, "/raw/replay", """{"states":["failed"]}""");
        await _client.ReadAsync($"/raw/{id}");
        await _client.ReadAsync($"/raw/{id}?redact=false");

        Assert.Equal(["raw_shown", "raw_replayed", "leads_imported", "leads_exported"], (await EntriesAsync(null)).Select(e => (string)e!["action"]!));
        Assert.Equal((string)replay["id"]!, (string)(await EntriesAsync("raw_replayed"))[0]!["entityId"]!);
        Assert.Equal("failed", (string)(await EntriesAsync("raw_replayed"))[0]!["after"]!["states"]![0]!);
        Assert.Equal("status", (string)(await EntriesAsync("leads_exported"))[0]!["after"]!["filters"]![0]!);
        Assert.DoesNotContain("acme", (await _client.ReadAsync("/audit")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_says_why_is_believed_in_the_log_and_what_cannot_be_a_reason_is_refused()
    {
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "/routing/rules", """{"target_campaign_id":"1"}"""), (HttpMethod.Put, "/gate", "{}"), (HttpMethod.Put, "/organization/limits", "{}"),
            (HttpMethod.Put, "/organization/secrets/x", """{"value":"y"}"""), (HttpMethod.Put, "/campaigns/8", """{"kind":"namespace","namespace":"own"}"""),
            (HttpMethod.Put, "/organization/smartlead", "{}"), (HttpMethod.Post, "/suppressions", """{"emails":["a@b.example"]}"""),
            (HttpMethod.Delete, "/suppressions", """{"emails":["a@b.example"]}"""), (HttpMethod.Post, "/organization/keys", """{"name":"n"}"""),
        })
        {
            await SendAsync(method, path, body, "ticket 42");
        }

        var entries = await EntriesAsync(null);
        Assert.Equal(9, entries.Count);
        Assert.All(entries, entry => Assert.Equal("ticket 42", (string?)entry!["reason"]));
        foreach (var wrong in new[] { new string('x', 256), "a\u007fb" })
        {
            var (status, answer, _) = await _client.SendAsync(HttpMethod.Put, "/gate", "{}", ("X-Audit-Reason", wrong));
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_header"), (status, (string)answer["code"]!));
        }
    }

    [Theory]
    [InlineData("info@acme.example", "assigned", "by hand (ticket 42)")]
    [InlineData("no address", "blocked", "(ticket 42)")]
    public async Task Who_says_why_when_a_lead_is_ingested_is_believed_in_the_log(string email, string action, string reason)
    {
        await _client.AddRuleAsync(new { name = "by hand", target = new { campaign = "1" } });

        await SendAsync(HttpMethod.Post, "/api/ingest?wait=0", new JsonObject { ["email"] = email }.ToJsonString(), "ticket 42");

        Assert.EndsWith(reason, (string)(await EntriesAsync(action)).Single()!["reason"]!, StringComparison.Ordinal);
    }

    private async Task<(string Before, string After)> StatesAsync(string action)
    {
        var entry = (await EntriesAsync(action))[0]!;
        return ((string)entry["before"]!["state"]!, (string)entry["after"]!["state"]!);
    }

    /// <summary>What each was and is, newest first.</summary>
    private async Task<List<(string Before, string After)>> ChangesAsync(string action)
        => [.. (await EntriesAsync(action)).Select(entry => (Compact(entry!["before"]), Compact(entry["after"])))];

    private async Task<JsonArray> EntriesAsync(string? action)
        => (await _client.ReadAsync($"/audit{(action is null ? "" : $"?action={action}")}"))["entries"]!.AsArray();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string? body, string? why = null)
    {
        (string, string)[] headers = why is null ? [] : [("X-Audit-Reason", why)];
        var (status, answer, _) = await _client.SendAsync(method, path, body, headers);
        Assert.True((int)status is >= 200 and < 300, $"{path}: {status} {answer.ToJsonString()}");
        return answer;
    }

    private static string Compact(JsonNode? json) => json?.ToJsonString() ?? "null";
}
