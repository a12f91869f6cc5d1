using System.Net;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

public sealed class IngestTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly HttpClient _client = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_lead_is_assigned_by_the_first_matching_rule_and_its_push_is_in_the_outbox()
    {
        var rule = await _client.AddRuleAsync(new { persona = "VP Sales", min_score = 80, priority = 100, target_campaign_id = "123456" });
        await _client.AddRuleAsync(new { persona = "VP Sales", minScore = 60, priority = 90, target = new { campaign = "123457" } });

        var lead = await _client.IngestAsync(
            new { email = "John.Doe@acme.example", persona = "vp sales", lead_score = 85, first_name = "John", custom = new { a = 1 } });

        Assert.Equal("Lead ingested successfully", (string)lead["message"]!);
        Assert.Equal(("123456", false, "HELD"), ((string)lead["assignedCampaignId"]!, (bool)lead["pushedToSmartlead"]!, (string)lead["status"]!));
        Assert.Equal(("GREEN", 100, rule), ((string)lead["health"]!["classification"]!, (int)lead["health"]!["score"]!, (string)lead["ruleId"]!));
        var id = (string)lead["leadId"]!;
        Assert.Equal(("123456", "waiting", 0), await PushAsync(id));
        var kept = await _client.ReadAsync($"/routing/leads/{id}");
        Assert.Equal(("John.Doe@acme.example", 85d, 1), ((string)kept["email"]!, (double)kept["score"]!, (int)kept["data"]!["custom"]!["a"]!));
        var entry = (await _client.ReadAsync($"/audit?entityId={id}"))["entries"]!.AsArray().Single()!;
        Assert.Equal(("assigned", "admin", "lead", "123456"), (
            (string)entry["action"]!, (string)entry["actor"]!, (string)entry["entity"]!, (string)entry["after"]!["campaignId"]!));
        Assert.DoesNotContain("acme.example", entry.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Without_a_match_a_lead_is_in_the_holding_pool()
    {
        await _client.AddRuleAsync(new { persona = "CTO", target = new { campaign = "1" } });

        var lead = await _client.IngestAsync(new { email = "jane@acme.example", persona = "CEO" });

        Assert.Equal(("Lead in holding pool", "HELD"), ((string)lead["message"]!, (string)lead["status"]!));
        Assert.Null(lead["assignedCampaignId"]);
        Assert.Equal(["unassigned"], await _client.ActionsAsync((string)lead["leadId"]!));
        Assert.Equal((null, null, 0), await PushAsync((string)lead["leadId"]!));
    }

    [Theory]
    [InlineData("jane@mailinator.com", "disposable_domain")]
    [InlineData("not an address", "syntax")]
    [InlineData("", "syntax")]
    public async Task A_red_lead_is_blocked_and_says_why(string email, string check)
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });

        var lead = await _client.IngestAsync(new { email });

        Assert.Equal(("Lead blocked by health gate", "BLOCKED", "RED"), (
            (string)lead["message"]!, (string)lead["status"]!, (string)lead["health"]!["classification"]!));
        Assert.Equal(check, (string)lead["health"]!["checks"]![0]!["name"]!);
        Assert.Null(lead["assignedCampaignId"]);
        Assert.Equal(["blocked"], await _client.ActionsAsync((string)lead["leadId"]!));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"email":7}""")]
    [InlineData("""{"email":null}""")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("")]
    public async Task A_body_without_an_email_text_is_refused_as_the_seed_refuses(string body)
    {
        var (status, answer, response) = await _client.SendAsync(HttpMethod.Post, "/api/ingest", body);

        Assert.Equal((HttpStatusCode.BadRequest, false), (status, (bool)answer["success"]!));
        Assert.False(string.IsNullOrEmpty((string?)answer["error"]));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        using var nobody = new HttpClient { BaseAddress = _client.BaseAddress };
        var refused = await nobody.SendAsync(HttpMethod.Post, "/api/ingest", """{"email":"a@b.example"}""");
        Assert.Equal((HttpStatusCode.Unauthorized, false), (refused.Status, (bool)refused.Body["success"]!));
    }

    [Fact]
    public async Task The_same_email_for_the_same_campaign_is_a_duplicate_and_for_another_is_not()
    {
        await _client.AddRuleAsync(new { persona = "A", target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { persona = "B", target = new { campaign = "2" } });
        await _client.IngestAsync(new { email = "jane@acme.example", persona = "A" });

        var again = await _client.IngestAsync(new { email = " JANE@acme.example", persona = "A" });
        var other = await _client.IngestAsync(new { email = "jane@acme.example", persona = "B" });

        Assert.Equal(("BLOCKED", "duplicate"), ((string)again["status"]!, (string)again["health"]!["checks"]![0]!["name"]!));
        Assert.Equal(("HELD", "2"), ((string)other["status"]!, (string)other["assignedCampaignId"]!));
    }

    [Fact]
    public async Task A_lead_that_was_given_up_makes_no_duplicate_of_the_next_of_its_email()
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });
        var first = await _client.IngestAsync(new { email = "jane@acme.example" });
        Assert.Equal(1, await shared.Database.ExecuteAsync("update routed_leads set status = 'DEAD' where id = $1", Guid.Parse((string)first["leadId"]!)));

        Assert.Equal("HELD", (string)(await _client.IngestAsync(new { email = "jane@acme.example" }))["status"]!);
        Assert.Equal("BLOCKED", (string)(await _client.IngestAsync(new { email = "jane@acme.example" }))["status"]!);
    }

    [Fact]
    public async Task An_email_is_a_duplicate_for_as_long_as_the_look_back_of_the_gate_and_no_longer()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        using var unset = grid.NewClient("app", "unset");
        using var week = grid.NewClient("app", "week");
        using var never = grid.NewClient("app", "never");
        await week.SendAsync(HttpMethod.Put, "/gate", """{"lookBackDays":7}""");
        await never.SendAsync(HttpMethod.Put, "/gate", """{"lookBackDays":0}""");
        HttpClient[] all = [unset, week, never];
        foreach (var client in all)
        {
            await client.AddRuleAsync(new { target = new { campaign = "1" } });
        }

        Assert.Equal(["HELD", "HELD", "HELD"], await StatesAsync());
        time.Advance(TimeSpan.FromDays(6.9));
        Assert.Equal(["BLOCKED", "BLOCKED", "HELD"], await StatesAsync());
        time.Advance(TimeSpan.FromDays(0.2));
        Assert.Equal(["BLOCKED", "HELD", "HELD"], await StatesAsync());
        time.Advance(TimeSpan.FromDays(22.8)); // 29.9 since the first
        Assert.Equal(["BLOCKED", "HELD", "HELD"], await StatesAsync());
        time.Advance(TimeSpan.FromDays(0.2));
        Assert.Equal(["HELD", "BLOCKED", "HELD"], await StatesAsync());

        async Task<string[]> StatesAsync() => await Task.WhenAll(all.Select(async client
            => (string)(await client.IngestAsync(new { email = "jane@acme.example" }))["status"]!));
    }

    [Fact]
    public async Task A_hundred_at_once_with_one_email_are_routed_once()
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });

        var leads = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _client.IngestAsync(new { email = "jane@acme.example" })));

        Assert.Single(leads, lead => (string)lead["status"]! == "HELD");
        Assert.Equal(99, leads.Count(lead => (string)lead["status"]! == "BLOCKED"));
    }

    [Fact]
    public async Task A_cap_is_never_exceeded_by_leads_that_come_at_once_and_the_rest_go_to_the_next_match()
    {
        await _client.AddRuleAsync(new { priority = 2, dailyCap = 7, target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });

        var leads = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => _client.IngestAsync(new { email = $"{n}@acme.example" })));

        Assert.Equal(7, leads.Count(lead => (string)lead["assignedCampaignId"]! == "1"));
        Assert.Equal(53, leads.Count(lead => (string)lead["assignedCampaignId"]! == "2"));
        var preview = await _client.PostAsync("/routing/preview", new { email = "new@acme.example" });
        Assert.Equal(["cap_reached", "won"], preview["rules"]!.AsArray().Select(rule => (string)rule!["outcome"]!));
    }

    [Fact]
    public async Task A_cap_that_another_activation_has_used_up_makes_the_decision_anew()
    {
        var rule = await _client.AddRuleAsync(new { priority = 2, dailyCap = 2, target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        await _client.IngestAsync(new { email = "1@acme.example" });
        Assert.Equal(1, await shared.Database.ExecuteAsync("update campaign_days set assigned = 2 where rule_id = $1", Guid.Parse(rule)));

        Assert.Equal("2", (string)(await _client.IngestAsync(new { email = "2@acme.example" }))["assignedCampaignId"]!);
    }

    [Fact]
    public async Task A_repeat_with_a_key_is_answered_with_the_same_lead_and_another_body_is_refused()
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });
        const string Body = """{"email":"jane@acme.example"}""";
        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            _ => _client.SendAsync(HttpMethod.Post, "/api/ingest?wait=0", Body, ("Idempotency-Key", "k"))));

        Assert.Single(all.Select(a => (string)a.Body["data"]!["leadId"]!).Distinct());
        Assert.Equal(49, all.Count(a => a.Response.Headers.Contains("Idempotent-Replayed")));
        Assert.All(all, a => Assert.Equal("HELD", (string)a.Body["data"]!["status"]!));
        var other = await _client.SendAsync(HttpMethod.Post, "/api/ingest", """{"email":"jim@acme.example"}""", ("Idempotency-Key", "k"));
        Assert.Equal((422, "idempotency_key_reused"), ((int)other.Status, (string)other.Body["code"]!));
        Assert.Single((await _client.ReadAsync("/routing/leads"))["leads"]!.AsArray());
    }

    [Fact]
    public async Task A_preview_writes_nothing_and_says_what_an_ingestion_then_does()
    {
        for (var n = 0; n < 6; n++)
        {
            await _client.AddRuleAsync(new { priority = n / 2, persona = n % 2 == 0 ? "CEO" : "*", min_score = n * 15, target = new { campaign = $"{n}" } });
        }

        var taken = 0;
        foreach (var (score, persona) in new[] { (0, "CEO"), (20, "CTO"), (45, "CEO"), (80, "x"), (99, "CEO") })
        {
            var lead = new { email = $"{score}@acme.example", persona, lead_score = score };
            var preview = await _client.PostAsync("/routing/preview", lead);
            Assert.Equal(taken, (await _client.ReadAsync("/routing/leads"))["leads"]!.AsArray().Count);
            var ingested = await _client.IngestAsync(lead);
            taken++;
            Assert.Equal((string?)preview["target"]?["campaign"], (string?)ingested["assignedCampaignId"]);
        }

        Assert.Equal(taken, (await _client.ActionsAsync()).Count(action => action is "assigned" or "unassigned"));
    }

    [Fact]
    public async Task A_person_stays_in_one_arm_of_a_split_and_a_preview_draws_the_same()
    {
        await _client.AddRuleAsync(new { weight = 1, target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { weight = 1, target = new { campaign = "2" } });
        var arms = new HashSet<string>();
        for (var n = 0; n < 20; n++)
        {
            var preview = await _client.PostAsync($"/routing/preview?leadId={Guid.NewGuid()}", new { email = $" {n}@ACME.example" });
            var first = await _client.IngestAsync(new { email = $"{n}@acme.example" });
            var again = await _client.IngestAsync(new { email = $"{n}@Acme.example " });

            Assert.Equal(((string)preview["target"]!["campaign"]!, "HELD"), ((string)first["assignedCampaignId"]!, (string)first["status"]!));
            Assert.Equal("BLOCKED", (string)again["status"]!); // for the same campaign, so a duplicate
            arms.Add((string)first["assignedCampaignId"]!);
        }

        Assert.Equal(2, arms.Count);
    }

    [Fact]
    public async Task Routed_leads_are_listed_by_when_they_were_taken_in()
    {
        for (var n = 0; n < 3; n++)
        {
            await _client.IngestAsync(new { email = $"{n}@acme.example" });
            await TimeCuts.NextMillisecondAsync();
        }

        await _client.MustBeCutAsync("/routing/leads", "leads", "createdAt");
    }

    [Fact]
    public async Task Leads_for_a_namespace_arrive_there_once_and_are_active()
    {
        await _client.AddRuleAsync(new { target = new { @namespace = "own" } });

        var lead = (await _client.PostAsync("/api/ingest?wait=30", new { email = "jane@acme.example", note = 1 }))["data"]!;

        Assert.Equal(("ACTIVE", "own", false), ((string)lead["status"]!, (string)lead["namespace"]!, (bool)lead["pushedToSmartlead"]!));
        Assert.Equal(["pushed_to_namespace", "assigned"], await _client.ActionsAsync((string)lead["leadId"]!));
        Assert.Equal(["jane@acme.example"], await _client.DrainAsync("own"));
    }

    private async Task<(string? Campaign, string? State, int Attempts)> PushAsync(string leadId)
    {
        await using var command = shared.Database.DataSource.CreateCommand("select campaign_id, state, attempts from campaign_pushes where lead_id = $1");
        command.Parameters.AddWithValue(Guid.Parse(leadId));
        await using var row = await command.ExecuteReaderAsync();
        return await row.ReadAsync() ? (row.GetString(0), row.GetString(1), row.GetInt32(2)) : (null, null, 0);
    }
}
