using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Outbound;

namespace LeadGrain.CrashTests.Metrics;

/// <summary>What a host in production writes and exports, at the lowest level that its log has. Whatever must not be seen holds one word.</summary>
public sealed class RequestLogTests
{
    private const string Unseen = "s3cret";
    private const string Email = $"ada@{Unseen}.example";
    private const string GridKey = $"{Unseen}-key-of-the-grid";
    private const string ClaySecret = $"{Unseen}-of-clay";
    private const string WebhookSecret = $"{Unseen}-of-smartlead";

    private static readonly HttpMethod s_get = HttpMethod.Get;
    private static readonly HttpMethod s_post = HttpMethod.Post;
    private static readonly HttpMethod s_put = HttpMethod.Put;

    [Fact]
    public async Task Each_line_of_a_request_is_json_with_its_id_and_neither_log_nor_traces_tell_an_email_a_key_or_a_payload()
    {
        await using var collector = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await using var apollo = await FakeApollo.StartAsync(new FakeApolloOptions { ApiKey = $"{Unseen}-key-of-apollo" });
        await using var smartlead = await FakeSmartlead.StartAsync(
            new FakeSmartleadOptions { ApiKey = $"{Unseen}-key-of-smartlead", WebhookSecret = WebhookSecret, RateLimit = 1_000 });
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var grid = await GridProcess.StartAsync(Settings(collector, apollo, smartlead, database));
        using var client = new TracedClient(grid.Url, GridKey, "app");

        await BufferAsync(client, apollo);
        await RefusalsAsync(client);
        await LeadsAsync(client);
        await CampaignsAsync(client, smartlead);
        var key = await KeysAsync(client);
        await FaultsAsync(client, database);
        Assert.Equal(0, await grid.StopAsync());

        AssertCarryIds(grid.Output, client.Sent);
        var exported = string.Concat(collector.Requests.Select(heard => Encoding.Latin1.GetString(heard.Body)));
        Assert.All(client.Sent, sent => Assert.Contains(Encoding.Latin1.GetString(Convert.FromHexString(sent.TraceId)), exported, StringComparison.Ordinal));
        foreach (var seen in (string[])[grid.Output, exported])
        {
            Assert.DoesNotContain(key, seen, StringComparison.Ordinal);
            Assert.True(!seen.Contains(Unseen, StringComparison.OrdinalIgnoreCase), string.Join('\n', Around(seen)));
        }
    }

    private static GridSettings Settings(LoopbackServer collector, FakeApollo apollo, FakeSmartlead smartlead, TestDatabase database) => new()
    {
        DatabaseUrl = database.ConnectionString,
        ApiKey = GridKey,
        More =
        {
            ["LOG_LEVEL"] = "trace",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["APOLLO_SERVICE_URL"] = apollo.Url.ToString(),
            ["APOLLO_SERVICE_API_KEY"] = apollo.ApiKey,
            ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
            ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
            ["REFUSAL_DELAY"] = "00:00:00",
        },
    };

    private static async Task BufferAsync(TracedClient client, FakeApollo apollo)
    {
        const string Push = $$$"""{"namespace":"n","leads":[{"email":"{{{Email}}}","externalId":"{{{Unseen}}}","data":{"note":"{{{Unseen}}}"}}]}""";
        await client.AskAsync(200, s_post, "/buffer/push", Push, ("Idempotency-Key", Email));
        await client.AskAsync(422, s_post, "/buffer/push", Push.Replace("note", "word", StringComparison.Ordinal), ("Idempotency-Key", Email));
        await client.AskAsync(200, s_post, "/buffer/next", """{"namespace":"n"}""");
        await client.AskAsync(200, s_get, $"/leads?email={Uri.EscapeDataString(Email)}");
        await client.AskAsync(200, s_post, "/enrich", $$"""{"email":"{{Email}}"}""");
        apollo.BehaveNext(1, new ApolloBehavior.Body($$"""{"error":"{{Unseen}}"}"""));
        await client.AskAsync(502, s_post, "/enrich", $$"""{"email":"other-{{Email}}"}""");
    }

    private static async Task RefusalsAsync(TracedClient client)
    {
        await client.AskAsync(400, s_post, "/buffer/push", $$"""{"namespace":"n","leads":[{"email":["{{Email}}"]}]}""");
        await client.AskAsync(400, s_post, "/buffer/push", $$"""{"namespace":"n","leads":[{"email":"{{Email}}""");
        await client.AskAsync(401, s_post, "/buffer/next", """{"namespace":"n"}""", ("X-API-Key", $"{Unseen}-wrong"));
        await client.AskAsync(404, s_get, "/namespaces/none");
        await client.AskAsync(404, s_get, $"/leads/{Email}");
        await client.AskAsync(413, s_post, "/buffer/next", new string('s', 1024 * 1024) + Unseen, ("Expect", "100-continue"));
        await client.AskAsync(200, s_put, "/organization/limits", """{"requestsPerSecond":1,"burst":1}""", ("X-Org-Id", "slow"));
        await Eventually.Async("the organization is over its rate", async () => (await client.TryAsync(s_get, "/leads", null, ("X-Org-Id", "slow"))).Status == 429);
    }

    private static async Task LeadsAsync(TracedClient client)
    {
        const string Lead = $$"""{"email":"{{Email}}","phone":"{{Unseen}}"}""";
        await client.AskAsync(201, s_post, "/api/lead", Lead, ("Idempotency-Key", Email));
        await client.AskAsync(409, s_post, "/api/lead", Lead, ("Idempotency-Key", Email));
        await client.AskAsync(409, s_post, "/api/lead", $$"""{"email":"other-{{Email}}"}""", ("Idempotency-Key", Email));
        await client.AskAsync(400, s_post, "/api/lead", Unseen);
        var found = await client.AskAsync(200, s_get, $"/crm/leads?q={Uri.EscapeDataString(Email)}");
        Assert.Contains(Email, found, StringComparison.Ordinal);
    }

    private static async Task CampaignsAsync(TracedClient client, FakeSmartlead smartlead)
    {
        await client.AskAsync(200, s_put, "/organization/secrets/clay-hmac", $$"""{"value":"{{ClaySecret}}"}""");
        await client.AskAsync(200, s_put, "/organization/secrets/smartlead-webhook", $$"""{"value":"{{WebhookSecret}}"}""");
        await client.AskAsync(200, s_put, "/campaigns/7", """{"kind":"smartlead"}""");
        await client.AskAsync(409, s_post, "/campaigns/7/secret", "{}");
        await client.AskAsync(200, s_post, "/routing/rules", """{"persona":"CEO","target":{"campaign":"7"}}""");
        var body = $$"""{"email":"{{Email}}","persona":"CEO","lead_score":85,"first_name":"{{Unseen}}"}""";
        Assert.Contains("ACTIVE", await client.AskAsync(200, s_post, "/api/ingest", body), StringComparison.Ordinal);
        Assert.Single(smartlead.Book.Entries);

        smartlead.BehaveNext(1, new SmartleadBehavior.Says($$"""{"ok":false,"message":"{{Unseen}}"}"""));
        await client.AskAsync(200, s_post, "/api/ingest", body.Replace("ada", "failed", StringComparison.Ordinal));
        body = body.Replace("ada", "clay", StringComparison.Ordinal);
        await client.AskAsync(401, s_post, "/api/ingest/clay?appId=app&orgId=org", body, ("X-Clay-Token", Unseen));
        await client.AskAsync(200, s_post, "/api/ingest/clay?appId=app&orgId=org", body, ("X-Clay-Signature", Sign(ClaySecret, body)));

        body = $$"""{"event_type":"EMAIL_BOUNCE","lead_email":"{{Email}}","campaign_id":"7"}""";
        await client.AskAsync(401, s_post, "/webhooks/smartlead?appId=app&orgId=org", body);
        await client.AskAsync(200, s_post, "/webhooks/smartlead?appId=app&orgId=org", body, ("X-Smartlead-Signature", Sign(WebhookSecret, body)));
        await client.AskAsync(200, s_get, $"/suppressions?email={Uri.EscapeDataString(Email)}");
    }

    private static string Sign(string secret, string body)
        => $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)))}";

    /// <returns>The key of an organization, which it was used with.</returns>
    private static async Task<string> KeysAsync(TracedClient client)
    {
        using var made = JsonDocument.Parse(await client.AskAsync(200, s_post, "/organization/keys", """{"name":"campaigns"}"""));
        var key = made.RootElement.GetProperty("key").GetString()!;
        await client.AskAsync(200, s_get, "/leads", null, ("X-API-Key", key));
        return key[^16..];
    }

    private static async Task FaultsAsync(TracedClient client, TestDatabase database)
    {
        await database.ExecuteAsync("alter table suppressions rename to hidden; alter table jobs rename to hidden_too");
        await client.AskAsync(500, s_post, "/suppressions", $$"""{"emails":["{{Email}}"],"reason":"manual"}""");
        await client.AskAsync(500, s_get, $"/jobs/{Guid.NewGuid()}");
    }

    /// <summary>By its trace a line belongs to a request, whether or not it has the id.</summary>
    private static void AssertCarryIds(string output, List<TracedRequest> sent)
    {
        var texts = output.Split('\n').ToLookup(text => text.StartsWith('{'));
        Assert.StartsWith("LeadGrain is ready", Assert.Single(texts[false]), StringComparison.Ordinal);
        var lines = texts[true].Select(LogLine.Read).ToList();
        var ids = sent.ToDictionary(request => request.TraceId, request => request.Id);
        var own = lines.FindAll(line => !line.IsTheServers && ids.ContainsKey(line.TraceId ?? ""));
        Assert.Equal(ids.Keys.Order(), own.Select(line => line.TraceId).Distinct().Order());
        Assert.All(own, line => Assert.True(line.RequestId == ids[line.TraceId!], line.Text));        Assert.All(sent.TakeLast(2), request => Assert.Contains(own, line => line.Level == "Error" && line.RequestId == request.Id));
    }

    private static IEnumerable<string> Around(string seen)
    {
        for (var at = 0; (at = seen.IndexOf(Unseen, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            yield return seen[Math.Max(0, at - 200)..Math.Min(seen.Length, at + 100)];
        }
    }
}
