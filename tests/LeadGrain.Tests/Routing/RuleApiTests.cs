using System.Net;
using System.Text.Json.Nodes;

namespace LeadGrain.Tests.Routing;

public sealed class RuleApiTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly HttpClient _client = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_rule_is_made_read_changed_replaced_and_removed_and_each_is_in_the_audit_log()
    {
        var made = await _client.SendAsync(HttpMethod.Post, "/routing/rules", """
            {"name":"Big","persona":"VP Sales","min_score":80,"target_campaign_id":123456,"priority":100,"dailyCap":5,"weight":2,
             "conditions":[{"path":"size","op":"in","value":[1,"a",true]},{"path":"x","op":"exists"}],
             "activeHours":{"timeZone":"Europe/Berlin","days":["fri","mon"],"from":"22:00","to":"06:00"}}
            """);
        var id = (string)made.Body["id"]!;
        Assert.Equal(made.Body.ToJsonString(), (await _client.ReadAsync($"/routing/rules/{id}")).ToJsonString());
        Assert.Equal("""{"campaign":"123456"}""", made.Body["target"]!.ToJsonString());
        Assert.Equal("""[{"path":"size","op":"in","value":[1,"a",true]},{"path":"x","op":"exists","value":true}]""", made.Body["conditions"]!.ToJsonString());
        Assert.Equal("""{"timeZone":"Europe/Berlin","days":["mon","fri"],"from":"22:00","to":"06:00"}""", made.Body["activeHours"]!.ToJsonString());
        Assert.Equal((80d, 80d, "123456"), ((double)made.Body["minScore"]!, (double)made.Body["min_score"]!, (string)made.Body["target_campaign_id"]!));

        var changed = await _client.SendAsync(HttpMethod.Patch, $"/routing/rules/{id}", """{"priority":7,"dailyCap":null}""");
        Assert.Equal((7, "Big", null), ((int)changed.Body["priority"]!, (string)changed.Body["name"]!, (int?)changed.Body["dailyCap"]));
        var replaced = await _client.SendAsync(HttpMethod.Put, $"/routing/rules/{id}", """{"target":{"namespace":"n"}}""");
        Assert.Equal(("*", 0, """{"namespace":"n"}"""), ((string)replaced.Body["persona"]!, (int)replaced.Body["priority"]!, replaced.Body["target"]!.ToJsonString()));
        Assert.Equal(HttpStatusCode.OK, (await _client.SendAsync(HttpMethod.Delete, $"/routing/rules/{id}")).Status);
        Assert.Equal("rule_not_found", (string)(await _client.SendAsync(HttpMethod.Get, $"/routing/rules/{id}")).Body["code"]!);

        var entries = (await _client.ReadAsync($"/audit?entityId={id}&entity=rule"))["entries"]!.AsArray();
        Assert.Equal(["rule_deleted", "rule_changed", "rule_changed", "rule_created"], entries.Select(e => (string)e!["action"]!));
        Assert.Equal((100, 7), ((int)entries[2]!["before"]!["priority"]!, (int)entries[2]!["after"]!["priority"]!));
    }

    [Theory]
    [InlineData("{}", "target")]
    [InlineData("""{"target":{}}""", "target")]
    [InlineData("""{"target":"1"}""", "target")]
    [InlineData("""{"target":{"campaign":"1","namespace":"n"}}""", "target")]
    [InlineData("""{"target":{"campaign":" "}}""", "target")]
    [InlineData("""{"target":{"campaign":[]}}""", "target.campaign")]
    [InlineData("""{"target_campaign_id":"1","persona":7}""", "persona")]
    [InlineData("""{"target_campaign_id":"1","persona":" "}""", "persona")]
    [InlineData("""{"target_campaign_id":"1","min_score":"80"}""", "minScore")]
    [InlineData("""{"target_campaign_id":"1","priority":1.5}""", "priority")]
    [InlineData("""{"target_campaign_id":"1","dailyCap":0}""", "dailyCap")]
    [InlineData("""{"target_campaign_id":"1","weight":1001}""", "weight")]
    [InlineData("""{"target_campaign_id":"1","enabled":"yes"}""", "enabled")]
    [InlineData("""{"target_campaign_id":"1","conditions":{}}""", "conditions")]
    [InlineData("""{"target_campaign_id":"1","conditions":[{"path":"a..b","op":"gt","value":1}]}""", "conditions[0].path")]
    [InlineData("""{"target_campaign_id":"1","conditions":[{"path":"a","op":"like","value":1}]}""", "conditions[0].op")]
    [InlineData("""{"target_campaign_id":"1","conditions":[{"path":"a","op":"gt","value":"1"}]}""", "conditions[0].value")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"Mars/Base"}}""", "activeHours.timeZone")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"Europe//Berlin"}}""", "activeHours.timeZone")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"./UTC"}}""", "activeHours.timeZone")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"UTC","days":["someday"]}}""", "activeHours.days")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"UTC","from":"9"}}""", "activeHours.from")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"UTC","to":"25:00"}}""", "activeHours.to")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"UTC","from":9,"to":17}}""", "activeHours.from")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"UTC","to":17}}""", "activeHours.to")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":"UTC","days":"mon"}}""", "activeHours.days")]
    [InlineData("""{"target_campaign_id":"1","activeHours":{"timeZone":1}}""", "activeHours.timeZone")]
    [InlineData("""{"target_campaign_id":"1","activeHours":9}""", "activeHours")]
    public async Task What_is_no_rule_is_refused_with_the_member_at_fault(string body, string member)
    {
        var answer = await _client.SendAsync(HttpMethod.Post, "/routing/rules", body);

        Assert.Equal((HttpStatusCode.BadRequest, member), (answer.Status, (string?)answer.Body["member"]));
    }

    [Fact]
    public async Task Rules_leads_and_the_log_of_one_organization_are_nobody_elses()
    {
        var id = await _client.AddRuleAsync(new { target = new { campaign = "1" } });
        var lead = await _client.IngestAsync(new { email = "jane@acme.example" });
        using var other = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");

        Assert.Empty((await other.ReadAsync("/routing/rules"))["rules"]!.AsArray());
        Assert.Empty((await other.ReadAsync("/routing/leads"))["leads"]!.AsArray());
        Assert.Empty((await other.ReadAsync("/audit"))["entries"]!.AsArray());
        Assert.Equal(HttpStatusCode.NotFound, (await other.SendAsync(HttpMethod.Get, $"/routing/rules/{id}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await other.SendAsync(HttpMethod.Patch, $"/routing/rules/{id}", "{}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await other.SendAsync(HttpMethod.Put, $"/routing/rules/{id}", """{"target_campaign_id":"2"}""")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await other.SendAsync(HttpMethod.Delete, $"/routing/rules/{id}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await other.SendAsync(HttpMethod.Get, $"/routing/leads/{lead["leadId"]}")).Status);
        Assert.Equal("HELD", (string)(await other.IngestAsync(new { email = "jane@acme.example" }))["status"]!);
    }

    [Fact]
    public async Task Leads_and_log_are_paged_newest_first_without_gaps()
    {
        var ids = new List<string>();
        for (var n = 0; n < 5; n++)
        {
            ids.Add((string)(await _client.IngestAsync(new { email = $"{n}@acme.example" }))["leadId"]!);
        }

        Assert.Equal(ids.AsEnumerable().Reverse(), await AllAsync("/routing/leads?status=HELD&health=GREEN", "leads", "id"));
        Assert.Equal(ids.AsEnumerable().Reverse(), await AllAsync("/audit?action=unassigned", "entries", "entityId"));
        Assert.Empty((await _client.ReadAsync("/routing/leads?campaign=1"))["leads"]!.AsArray());
        Assert.Empty((await _client.ReadAsync("/audit?to=2001-01-01"))["entries"]!.AsArray());
    }

    private async Task<List<string>> AllAsync(string path, string list, string member)
    {
        var all = new List<string>();
        JsonNode page;
        string? next = null;
        do
        {
            page = await _client.ReadAsync($"{path}&limit=2{(next is null ? "" : $"&next={next}")}");
            all.AddRange(page[list]!.AsArray().Select(row => (string)row![member]!));
            next = (string?)page["next"];
        }
        while (next is not null);

        return all;
    }
}
