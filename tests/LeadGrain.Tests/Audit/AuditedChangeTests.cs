using System.Net;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Routing;

namespace LeadGrain.Tests.Audit;

public sealed class AuditedChangeTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly HttpClient _client = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_yellow_lead_is_noted_with_each_checks_points_and_reason()
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });
        var lead = await _client.IngestAsync(new { email = "info@acme.example" });

        var check = (await _client.ReadAsync($"/audit?entityId={lead["leadId"]}"))["entries"]![0]!["after"]!["checks"]![0]!;

        Assert.Equal(("role_address", 30), ((string)check["name"]!, (int)check["points"]!));
        Assert.Equal((string)lead["health"]!["checks"]![0]!["reason"]!, (string)check["reason"]!);
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

    private async Task<JsonArray> EntriesAsync(string? action)
        => (await _client.ReadAsync($"/audit{(action is null ? "" : $"?action={action}")}"))["entries"]!.AsArray();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string? body, string? why = null)
    {
        (string, string)[] headers = why is null ? [] : [("X-Audit-Reason", why)];
        var (status, answer, _) = await _client.SendAsync(method, path, body, headers);
        Assert.True((int)status is >= 200 and < 300, $"{path}: {status} {answer.ToJsonString()}");
        return answer;
    }

    private static string Compact(JsonNode? json) => json!.ToJsonString();
}
