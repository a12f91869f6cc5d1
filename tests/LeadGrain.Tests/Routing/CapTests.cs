using System.Net;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

public sealed class CapTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly HttpClient _client = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");
    private int _leads;

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_full_rule_whose_zone_goes_to_another_day_and_back_passes_its_leads_on()
    {
        var rule = await _client.AddRuleAsync(Capped("Etc/GMT+12", 2));
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        Assert.Equal(["1", "1"], await IngestAsync(2));

        // Twenty-six hours apart: always another day.
        await PutAsync($"/routing/rules/{rule}", Capped("Pacific/Kiritimati", 2));
        Assert.Equal(["1"], await IngestAsync(1));
        await PutAsync($"/routing/rules/{rule}", Capped("Etc/GMT+12", 2));

        Assert.Equal(["2", "2", "2"], await IngestAsync(3).WaitAsync(Eventually.Patience));
        await PutAsync($"/routing/rules/{rule}", Capped("Pacific/Kiritimati", 2));
        Assert.Equal(["1", "2"], await IngestAsync(2));
    }

    [Fact]
    public async Task A_raised_cap_takes_leads_on_the_same_day()
    {
        var rule = await _client.AddRuleAsync(Capped("UTC", 1));
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        Assert.Equal(["1"], await IngestAsync(1));
        Assert.Equal(1, await shared.Database.ExecuteAsync("update campaign_days set assigned = 1 where rule_id = $1", Guid.Parse(rule)));
        Assert.Equal(["2", "2"], await IngestAsync(2));

        await PutAsync($"/routing/rules/{rule}", Capped("UTC", 2));

        Assert.Equal(["1", "2"], await IngestAsync(2));
    }

    [Fact]
    public async Task A_campaigns_cap_holds_for_all_its_rules_together_however_many_leads_come_at_once()
    {
        await PutAsync("/campaigns/1", new { kind = "webhook", url = "https://example.test/leads", dailyCap = 20, timeZone = "Europe/Berlin" });
        var one = await _client.AddRuleAsync(new { priority = 3, persona = "A", dailyCap = 15, target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { priority = 3, persona = "B", target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });

        var all = await Task.WhenAll(Enumerable.Range(0, 90).Select(n => _client.IngestAsync(
            new { email = $"{n}@acme.example", persona = n % 2 == 0 ? "A" : "B" })));

        Assert.Equal(20, all.Count(lead => (string)lead["assignedCampaignId"]! == "1"));
        Assert.Equal(70, all.Count(lead => (string)lead["assignedCampaignId"]! == "2"));
        Assert.True(all.Count(lead => (string)lead["ruleId"]! == one) <= 15);
        Assert.Equal(20, await shared.Database.ScalarAsync<int>("select assigned from campaign_cap_days where campaign_id = '1' and organization_id = (select organization_id from routing_rules where id = $1)", Guid.Parse(one)));
        Assert.Equal(
            all.Count(lead => (string)lead["ruleId"]! == one), await shared.Database.ScalarAsync<int>("select coalesce(sum(assigned), 0)::integer from campaign_days where rule_id = $1", Guid.Parse(one)));
        var preview = await _client.PostAsync("/routing/preview", new { email = "new@acme.example", persona = "B" });
        Assert.Equal(["other_persona", "campaign_cap_reached", "won"], preview["rules"]!.AsArray().Select(rule => (string)rule!["outcome"]!));
        Assert.Equal("The campaign has had its 20 leads of the day.", (string)preview["rules"]![1]!["reason"]!);
    }

    [Fact]
    public async Task A_campaigns_cap_counts_the_leads_that_it_was_given_before_it_had_one_and_is_told_as_it_was_set()
    {
        await _client.AddRuleAsync(new { priority = 2, target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        Assert.Equal(["1", "1", "1"], await IngestAsync(3));

        var set = await PutAsync("/campaigns/1", new { kind = "namespace", @namespace = "own", dailyCap = 4 });

        Assert.Equal((4, null), ((int)set["dailyCap"]!, (string?)set["timeZone"]));
        Assert.Equal(4, (int)(await _client.ReadAsync("/campaigns/1"))["dailyCap"]!);
        Assert.Equal(["1", "2", "2"], await IngestAsync(3));
        foreach (var member in (string[])["\"dailyCap\":0", "\"timeZone\":\"Mars/Olympus\"", "\"timeZone\":\"Europe//Berlin\""])
        {
            var wrong = $$"""{"kind":"namespace","namespace":"own",{{member}}}""";
            Assert.Equal(HttpStatusCode.BadRequest, (await _client.SendAsync(HttpMethod.Put, "/campaigns/1", wrong)).Status);
        }

        await PutAsync("/campaigns/1", new { kind = "namespace", @namespace = "own" });
        Assert.Null((await _client.ReadAsync("/campaigns/1"))["dailyCap"]);
    }

    [Fact]
    public async Task A_campaigns_cap_counts_the_leads_that_it_was_given_between_two_caps_and_before_it_was_removed()
    {
        var time = new FakeTime(); // noon
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        await grid.Client.AddRuleAsync(new { priority = 2, target = new { campaign = "1" } });
        await grid.Client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        await PutAsync(",\"dailyCap\":1");
        Assert.Equal(["1", "2"], await AssignAsync(2));
        await PutAsync("");
        Assert.Equal(["1", "1", "1"], await AssignAsync(3));
        await PutAsync(",\"dailyCap\":5");
        Assert.Equal(["1", "2"], await AssignAsync(2));
        await grid.Client.SendAsync(HttpMethod.Delete, "/campaigns/1", "");
        await PutAsync(",\"dailyCap\":6");
        Assert.Equal(["1", "2"], await AssignAsync(2));

        async Task PutAsync(string cap)
        {
            await grid.Client.SendAsync(HttpMethod.Put, "/campaigns/1", $$"""{"kind":"namespace","namespace":"own"{{cap}}}""");
            time.Advance(TimeSpan.FromSeconds(10)); // what is remembered of caps is that old at most
        }

        async Task<string[]> AssignAsync(int count)
        {
            var campaigns = new string[count];
            for (var i = 0; i < count; i++)
            {
                campaigns[i] = (string)(await grid.Client.IngestAsync(new { email = $"{Guid.NewGuid():n}@acme.example" }))["assignedCampaignId"]!;
            }

            return campaigns;
        }
    }

    [Fact]
    public async Task A_campaigns_cap_counts_the_leads_that_had_been_held_since_the_day_before()
    {
        var time = new FakeTime(); // noon
        using var running = time.Run();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, time);
        await grid.Client.IngestAsync(new { email = "yesterday@acme.example" });
        time.Advance(TimeSpan.FromDays(1));
        await grid.Client.AddRuleAsync(new { priority = 2, target = new { campaign = "1" } });
        await grid.Client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        await Eventually.FindAsync("it is assigned", () => database.ScalarAsync<long>("select count(*) from campaign_pushes"), found => found == 1);

        await grid.Client.SendAsync(HttpMethod.Put, "/campaigns/1", """{"kind":"namespace","namespace":"own","dailyCap":2}""");

        string[] campaigns = [await AssignAsync("a@acme.example"), await AssignAsync("b@acme.example")];
        Assert.Equal(["1", "2"], campaigns);

        async Task<string> AssignAsync(string email) => (string)(await grid.Client.IngestAsync(new { email }))["assignedCampaignId"]!;
    }

    [Fact]
    public async Task Leads_that_a_campaigns_cap_refuses_do_not_use_up_the_cap_of_their_rule()
    {
        await PutAsync("/campaigns/1", new { kind = "namespace", @namespace = "own", dailyCap = 1 });
        var rule = await _client.AddRuleAsync(new { priority = 2, dailyCap = 5, target = new { campaign = "1" } });
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => IngestAsync(1)));

        Assert.Equal(1, await shared.Database.ScalarAsync<int>("select assigned from campaign_days where rule_id = $1", Guid.Parse(rule)));
    }

    [Fact]
    public async Task A_lead_that_a_campaigns_cap_refused_leaves_its_place_under_the_rules_cap_to_the_next()
    {
        await PutAsync("/campaigns/1", new { kind = "namespace", @namespace = "own", dailyCap = 10 });
        var rule = Guid.Parse(await _client.AddRuleAsync(new { priority = 2, dailyCap = 2, target = new { campaign = "1" } }));
        await _client.AddRuleAsync(new { priority = 1, target = new { campaign = "2" } });
        Assert.Equal(["1"], await IngestAsync(1));

        // As by another activation, behind this one's back: only the commit finds the campaign full, and then that it has room.
        await GiveAsync(10);
        Assert.Equal(["2"], await IngestAsync(1));
        await GiveAsync(1);

        Assert.Equal(["1", "2"], await IngestAsync(2));

        async Task GiveAsync(int leads) => Assert.Equal(1, await shared.Database.ExecuteAsync(
            $"update campaign_cap_days set assigned = {leads} where campaign_id = '1' and organization_id = (select organization_id from routing_rules where id = $1)", rule));
    }

    private static object Capped(string zone, int cap) => new { priority = 2, dailyCap = cap, target = new { campaign = "1" }, activeHours = new { timeZone = zone } };

    private async Task<List<string>> IngestAsync(int count)
    {
        var campaigns = new List<string>();
        for (var n = 0; n < count; n++)
        {
            var lead = await _client.IngestAsync(new { email = $"lead-{Interlocked.Increment(ref _leads)}@acme.example" });
            campaigns.Add((string)lead["assignedCampaignId"]!);
        }

        return campaigns;
    }

    private async Task<JsonNode> PutAsync(string path, object body)
    {
        var (status, answer, _) = await _client.SendAsync(HttpMethod.Put, path, System.Text.Json.JsonSerializer.Serialize(body));
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return answer;
    }
}
