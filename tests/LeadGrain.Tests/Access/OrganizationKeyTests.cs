using System.Net;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Routing;

namespace LeadGrain.Tests.Access;

public sealed class OrganizationKeyTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly string _org = $"org-{Guid.NewGuid():n}";
    private readonly List<HttpClient> _clients = [];

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    [Fact]
    public async Task A_key_acts_for_its_organization_without_headers_and_for_no_other_with_them()
    {
        var owner = Owner();
        var (id, key) = await MakeAsync(owner, "use");
        var bearer = Bearer(key);

        await owner.AddRuleAsync(new { target = new { campaign = "1" } });
        var lead = await bearer.IngestAsync(new { email = "jane@acme.example" });

        Assert.Single((await owner.ReadAsync("/routing/rules"))["rules"]!.AsArray());
        Assert.Equal($"key:{id}", (string)(await owner.ReadAsync($"/audit?entityId={lead["leadId"]}"))["entries"]![0]!["actor"]!);
        await bearer.PushAsync("ns", "a@x.example");
        Assert.Equal("a@x.example", await owner.NextAsync("ns"));
        Assert.Equal(HttpStatusCode.OK, (await bearer.SendAsync(HttpMethod.Get, "/leads", null, ("X-App-Id", "app"), ("X-Org-Id", _org))).Status);
        var other = await bearer.SendAsync(HttpMethod.Get, "/leads", null, ("X-Org-Id", "org"));
        Assert.Equal((HttpStatusCode.Forbidden, "organization_mismatch"), (other.Status, (string)other.Body["code"]!));
    }

    [Fact]
    public async Task Keys_and_settings_are_changed_and_posts_shown_as_they_came_with_the_scope_admin_only_and_limits_with_the_grids_key()
    {
        var owner = Owner();
        var use = Bearer((await MakeAsync(owner, "use")).Key);
        var admin = Bearer((await MakeAsync(owner, "admin")).Key);

        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "/organization/keys", """{"name":"x"}"""), (HttpMethod.Get, "/organization/keys", null),
            (HttpMethod.Delete, "/organization/keys/0123456789abcdef", null),
            (HttpMethod.Put, "/organization/secrets/clay-hmac", """{"value":"x"}"""), (HttpMethod.Delete, "/organization/secrets/clay-hmac", null),
            (HttpMethod.Put, "/organization/smartlead", "{}"), (HttpMethod.Put, "/gate", "{}"),
            (HttpMethod.Post, "/routing/rules", """{"target_campaign_id":"1"}"""), (HttpMethod.Put, $"/routing/rules/{Guid.Empty}", """{"target_campaign_id":"1"}"""),
            (HttpMethod.Patch, $"/routing/rules/{Guid.Empty}", "{}"), (HttpMethod.Delete, $"/routing/rules/{Guid.Empty}", null),
            (HttpMethod.Put, "/campaigns/1", """{"kind":"namespace","namespace":"own"}"""), (HttpMethod.Post, "/campaigns/1/secret", null),
            (HttpMethod.Delete, "/campaigns/1", null), (HttpMethod.Delete, "/suppressions", """{"emails":["a@b.example"]}"""),
            (HttpMethod.Get, $"/raw/{Guid.Empty}?redact=false", null),
        })
        {
            var refused = await use.SendAsync(method, path, body);
            Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (refused.Status, (string)refused.Body["code"]!));
            Assert.NotEqual(HttpStatusCode.Forbidden, (await admin.SendAsync(method, path, body)).Status);
            Assert.NotEqual(HttpStatusCode.Forbidden, (await owner.SendAsync(method, path, body)).Status);
        }

        foreach (var bearer in new[] { use, admin })
        {
            var refused = await bearer.SendAsync(HttpMethod.Put, "/organization/limits", "{}");
            Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (refused.Status, (string)refused.Body["code"]!));
            Assert.Equal(HttpStatusCode.OK, (await bearer.SendAsync(HttpMethod.Get, "/organization/limits")).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync(HttpMethod.Put, "/organization/limits", "{}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await use.SendAsync(HttpMethod.Get, "/routing/rules")).Status);
        Assert.Equal(HttpStatusCode.OK, (await use.SendAsync(HttpMethod.Post, "/suppressions", """{"emails":["a@b.example"]}""")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await use.SendAsync(HttpMethod.Get, $"/raw/{Guid.Empty}")).Status);
    }

    [Fact]
    public async Task A_revoked_key_opens_nothing_and_no_key_is_ever_told_again()
    {
        var owner = Owner();
        var (id, key) = await MakeAsync(owner, "use");
        var bearer = Bearer(key);
        await bearer.ReadAsync("/leads");

        var revoked = await owner.SendAsync(HttpMethod.Delete, $"/organization/keys/{id}");
        var refused = await bearer.SendAsync(HttpMethod.Get, "/leads");

        Assert.NotNull(revoked.Body["revokedAt"]);
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthorized"), (refused.Status, (string)refused.Body["code"]!));
        foreach (var path in new[] { "/organization/keys", "/audit" })
        {
            Assert.DoesNotContain(key[21..], (await owner.ReadAsync(path)).ToJsonString(), StringComparison.Ordinal);
        }

        Assert.Equal(["key_revoked", "key_created"], await owner.ActionsAsync(id));
        Assert.Equal(HttpStatusCode.NotFound, (await owner.SendAsync(HttpMethod.Delete, "/organization/keys/ffffffffffffffff")).Status);
    }

    [Fact]
    public async Task No_row_that_is_kept_of_a_key_has_the_key_in_it()
    {
        var (id, key) = await MakeAsync(Owner(), "admin");
        var secret = key[^64..];

        foreach (var table in new[] { "organization_keys", "audit_log" })
        {
            // As text, as the bytes of the text, and as the bytes that the text writes; the id, which is in it, shows that the row is looked at.
            Assert.Equal((1, 0), (await RowsAsync(table, id), await RowsAsync(table, secret)));
            Assert.Equal(0, await RowsAsync(table, Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(secret))));
        }

        Task<long> RowsAsync(string table, string text) => shared.Database.ScalarAsync<long>($"select count(*) from {table} t where strpos(t::text, $1) > 0", text);
    }

    [Fact]
    public async Task A_key_that_was_revoked_through_another_process_opens_nothing_some_seconds_later()
    {
        var (id, key) = await MakeAsync(Owner(), "use");
        var bearer = Bearer(key);
        await bearer.ReadAsync("/leads");

        await shared.Database.ExecuteAsync("update organization_keys set revoked_at = now() where id = $1", id);

        await Eventually.Async(
            "the key opens nothing", async () => (await bearer.SendAsync(HttpMethod.Get, "/leads")).Status == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task What_only_looks_like_a_key_opens_nothing()
    {
        var (id, key) = await MakeAsync(Owner(), "use");
        var end = key[^1] == '0' ? '1' : '0';
        foreach (var wrong in new[] { key[..^1] + end, $"lgk_{new string('0', 16)}{key[20..]}", key + "0", key.ToUpperInvariant(), $"lgk_{id}" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await Bearer(wrong).SendAsync(HttpMethod.Get, "/leads")).Status);
        }
    }

    [Fact]
    public async Task Keys_are_listed_page_by_page_the_oldest_first()
    {
        var owner = Owner();
        var ids = new List<string> { (await MakeAsync(owner, "use")).Id, (await MakeAsync(owner, "use")).Id, (await MakeAsync(owner, "use")).Id };

        var first = await owner.ReadAsync("/organization/keys?limit=2");
        var second = await owner.ReadAsync($"/organization/keys?limit=2&next={first["next"]}");

        Assert.Equal(ids, first["keys"]!.AsArray().Concat(second["keys"]!.AsArray()).Select(k => (string)k!["id"]!));
        Assert.Null(second["next"]);
    }

    private static async Task<(string Id, string Key)> MakeAsync(HttpClient owner, string scope)
    {
        JsonNode made = await owner.PostAsync("/organization/keys", new { name = "test", scope });
        return ((string)made["id"]!, (string)made["key"]!);
    }

    private HttpClient Owner()
    {
        _clients.Add(shared.Grid.NewClient("app", _org));
        return _clients[^1];
    }

    private HttpClient Bearer(string key)
    {
        var client = new HttpClient { BaseAddress = shared.Client.BaseAddress };
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-API-Key", key);
        _clients.Add(client);
        return client;
    }
}
