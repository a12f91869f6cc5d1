using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Secrets;
using LeadGrain.Sandbox.Smartlead;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Campaigns;

public sealed class SmartleadTargetTests
{
    [Fact]
    public async Task A_lead_goes_out_under_the_vendors_names_with_the_seeds_settings()
    {
        await using var rig = await CampaignRig.StartAsync();

        await PushAsync(rig, TargetConformance.Lead("ada@acme.example"));

        var sent = JsonNode.Parse(rig.Smartlead.Book.Entries.Single().Lead)!;
        Assert.Equal(
            """{"email":"ada@acme.example","first_name":"Ada","last_name":"Adler","company_name":"Acme","custom_fields":{"team_size":"7"}}""",
            sent.ToJsonString());
        Assert.Equal(
            """{"ignore_global_block_list":false,"ignore_unsubscribe_list":false,"ignore_community_bounce_list":false,"ignore_duplicate_leads_in_other_campaign":true,"return_lead_ids":true}""",
            rig.Smartlead.Book.Requests.Single().Settings);
    }

    [Fact]
    public async Task Each_setting_goes_out_as_the_organization_or_its_campaign_set_it_and_none_for_another()
    {
        await using var rig = await CampaignRig.StartAsync();
        const string Seeds =
            """{"ignore_global_block_list":false,"ignore_unsubscribe_list":false,"ignore_community_bounce_list":false,"ignore_duplicate_leads_in_other_campaign":true,"return_lead_ids":true}""";
        var names = new Dictionary<string, string>
        {
            ["ignoreGlobalBlockList"] = "ignore_global_block_list",
            ["ignoreUnsubscribeList"] = "ignore_unsubscribe_list",
            ["ignoreCommunityBounceList"] = "ignore_community_bounce_list",
            ["ignoreDuplicateLeadsInOtherCampaign"] = "ignore_duplicate_leads_in_other_campaign",
            ["returnLeadIds"] = "return_lead_ids",
        };
        foreach (var (name, sent) in names)
        {
            var (seeds, other) = ((bool)JsonNode.Parse(Seeds)![sent]!, !(bool)JsonNode.Parse(Seeds)![sent]!);
            await rig.Client.PutAsync(new Uri("/organization/smartlead", UriKind.Relative), Json(name, other));
            await rig.PutSmartleadAsync("1", new { rateLimit = 1_000 });
            await rig.PushAsync("1", $"{name}@x.example");
            await rig.PutSmartleadAsync("2", new Dictionary<string, object> { [name] = seeds, ["rateLimit"] = 1_000 });
            await rig.PushAsync("2", $"{name}-2@x.example");

            var set = JsonNode.Parse(Seeds)!;
            set[sent] = other;
            Assert.Equal([set.ToJsonString(), Seeds], rig.Smartlead.Book.Requests.TakeLast(2).Select(request => request.Settings));
        }

        static HttpContent Json(string name, bool value) => System.Net.Http.Json.JsonContent.Create(new Dictionary<string, bool> { [name] = value });
    }

    [Theory]
    [InlineData(false, true, "in")]
    [InlineData(false, false, "in another campaign already")]
    [InlineData(true, true, "in another campaign already")]
    [InlineData(true, false, "in")]
    public async Task A_lead_of_another_campaign_gets_in_or_not_as_the_contested_setting_says_in_either_of_its_meanings(bool refuses, bool set, string expected)
    {
        foreach (var shape in new[] { SmartleadShape.Older, SmartleadShape.Newer })
        {
            await using var rig = await CampaignRig.StartAsync(new FakeSmartleadOptions { RateLimit = 1_000, RefusesIgnoredDuplicates = refuses, Shape = shape });
            await PushAsync(rig, TargetConformance.Lead("a@x.example"));
            var settings = new SmartleadSettings(IgnoreDuplicateLeadsInOtherCampaign: set, RateLimit: 1_000);

            var results = await rig.Target("smartlead").PushAsync(
                Order(rig, "2", settings), [TargetConformance.Lead("a@x.example"), TargetConformance.Lead("b@x.example", 1)], CancellationToken.None);

            Assert.Equal([expected, "in"], results.Select(result => result is PushResult.Refused { Why: var why } ? why : result is PushResult.Accepted ? "in" : $"{result}"));
            Assert.Equal(2, rig.Smartlead.Book.Requests.Count); // the answer told all, and was not asked for by halves
            Assert.Equal(expected == "in" ? 2 : 1, rig.Smartlead.Book.Entries.Count(entry => entry.Email == "a@x.example"));
        }
    }

    [Fact]
    public void A_conflict_that_says_that_the_lead_is_there_already_is_no_refusal()
    {
        var reply = (SmartleadTarget.Reply.Apart)SmartleadTarget.Failure(409, new SmartleadError(null, "Lead Already exists", null), null);

        Assert.IsType<PushResult.AlreadyThere>(reply.Alone);
    }

    [Fact]
    public void A_conflict_that_says_that_the_person_has_already_unsubscribed_is_a_refusal()
    {
        var reply = (SmartleadTarget.Reply.Apart)SmartleadTarget.Failure(409, new SmartleadError(null, "Lead already unsubscribed", null), null);

        Assert.IsType<PushResult.Refused>(reply.Alone);
    }

    [Fact]
    public async Task An_answer_counts_though_its_end_cannot_be_noted_for_the_keys_rate()
    {
        await using var rig = await CampaignRig.StartAsync();
        var target = ActivatorUtilities.CreateInstance<SmartleadTarget>(
            rig.Grid.Services, ActivatorUtilities.CreateInstance<RateBudget>(rig.Grid.Services, SilentBudget.Grains));

        var results = await target.PushAsync(Order(rig, "1", new SmartleadSettings()), [TargetConformance.Lead("a@x.example")], CancellationToken.None);

        Assert.IsType<PushResult.Accepted>(Assert.Single(results));
    }

    [Fact]
    public async Task A_limit_that_is_used_up_in_the_middle_of_a_batch_stops_the_rest_and_nothing_more_is_asked()
    {
        await using var rig = await CampaignRig.StartAsync();
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Says(
            """
            {"ok":true,"total_leads":1,"invalid_email_count":1,"invalid_emails":["a@x.example"],"is_lead_limit_exhausted":true,
            "emailToLeadIdMap":{"newlyAddedLeads":{"n@x.example":7}}}
            """));

        var results = await PushAsync(
            rig,
            new SmartleadSettings(BatchLimit: 3, RateLimit: 1_000),
            TargetConformance.Lead("n@x.example"),
            TargetConformance.Lead("a@x.example"),
            TargetConformance.Lead("b@x.example"),
            TargetConformance.Lead("next@x.example"));

        var stop = new PushResult.Stop("lead limit exhausted");
        Assert.Equal([new PushResult.Accepted("7"), new PushResult.Refused("invalid email"), stop, stop], results);
        Assert.Single(rig.Smartlead.Book.Requests);
    }

    [Theory]
    [InlineData(SmartleadShape.Older, true)]
    [InlineData(SmartleadShape.Older, false)]
    [InlineData(SmartleadShape.Newer, true)]
    public async Task In_a_mixed_batch_each_lead_gets_its_own_outcome_in_either_shape_named_or_only_counted(SmartleadShape shape, bool named)
    {
        await using var rig = await CampaignRig.StartAsync(new FakeSmartleadOptions { RateLimit = 1_000, Shape = shape, NamesRefused = named });
        var settings = new SmartleadSettings(ReturnLeadIds: named, RateLimit: 1_000);
        await PushAsync(rig, settings, TargetConformance.Lead("there@x.example"));

        var results = await PushAsync(rig, settings,
            TargetConformance.Lead("new@x.example"),
            TargetConformance.Lead("invalid@x.example"),
            TargetConformance.Lead("there@x.example"),
            TargetConformance.Lead("unsubscribed@x.example"),
            TargetConformance.Lead("blocked@x.example"),
            TargetConformance.Lead("bounced@x.example"),
            TargetConformance.Lead("new2@x.example"));

        Assert.Equal(
            ["in", "invalid email", "in", "unsubscribed", "blocked", "bounced", "in"],
            results.Select(result => result is PushResult.Refused { Why: var why } ? why : result is PushResult.Accepted or PushResult.AlreadyThere ? "in" : $"{result}"));
        Assert.Equal(["there@x.example", "new@x.example", "new2@x.example"], rig.Smartlead.Book.Entries.Select(entry => entry.Email));
        if (named)
        {
            Assert.Equal([1, 0, 0], rig.Smartlead.Book.Entries.Select(entry => entry.Repeats)); // who is named is not asked for again
        }
    }

    public static TheoryData<string> Oddities => ["html", "truncated", "cut", "nothing said", "redirect", "exhausted", "hang"];

    [Theory]
    [MemberData(nameof(Oddities))]
    public async Task What_is_no_answer_is_never_taken_for_success_or_refusal(string oddity)
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:CallTimeout", "00:00:02"));
        rig.Smartlead.BehaveNext(1, oddity switch
        {
            "html" => new SmartleadBehavior.HtmlPage(),
            "truncated" => new SmartleadBehavior.AcceptAndTruncate(),
            "cut" => new SmartleadBehavior.Cut(),
            "nothing said" => new SmartleadBehavior.Says("""{"ok":true,"upload_count":1,"total_leads":0}"""),
            "redirect" => new SmartleadBehavior.Redirect(new Uri("http://127.0.0.1:9/")),
            "exhausted" => new SmartleadBehavior.Exhausted(),
            _ => new SmartleadBehavior.Hang(),
        });

        var result = (await PushAsync(rig, TargetConformance.Lead("a@x.example"))).Single();

        if (oddity is "redirect" or "exhausted")
        {
            Assert.IsType<PushResult.Stop>(result);
        }
        else
        {
            Assert.True(result is PushResult.RetryAt { Counts: true }, $"{result}");
        }
    }

    [Theory]
    [InlineData("3", null, 3)]
    [InlineData(null, 4, 4)]
    [InlineData("date", null, 5)]
    [InlineData(null, null, 2)]
    public async Task Told_to_wait_by_header_or_body_the_key_is_not_used_until_then_by_any_campaign(string? header, int? body, int seconds)
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:LongestRateWait", "00:00:00"));
        var said = header == "date" ? DateTimeOffset.UtcNow.AddSeconds(5.9).ToString("R", System.Globalization.CultureInfo.InvariantCulture) : header;
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Throttled(said, body));
        var before = DateTimeOffset.UtcNow;

        var told = (PushResult.RetryAt)(await PushAsync(rig, TargetConformance.Lead("a@x.example"))).Single();
        var other = (PushResult.RetryAt)(await rig.Target("smartlead").PushAsync(Order(rig, "2"), [TargetConformance.Lead("b@x.example")], default)).Single();

        Assert.False(told.Counts || other.Counts);
        Assert.InRange((told.When!.Value - before).TotalSeconds, seconds - 0.5, seconds + 2);
        Assert.InRange((other.When!.Value - before).TotalSeconds, seconds - 0.5, seconds + 2);
        Assert.Single(rig.Smartlead.Book.Requests);
    }

    [Fact]
    public async Task Organizations_that_use_one_key_share_its_budget_and_another_key_has_its_own()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:LongestRateWait", "00:00:00"));
        var once = new SmartleadSettings(RateLimit: 1, RateWindow: 60);
        var (second, third) = (await OtherAsync("second"), await OtherAsync("third"));
        await rig.SetSecretAsync("smartlead-api-key", rig.Smartlead.Options.ApiKey);
        await SetKeyAsync(second, rig.Smartlead.Options.ApiKey);
        await SetKeyAsync(third, "another");

        var results = new List<PushResult>();
        foreach (var order in new[] { Order(rig, "1", once), second, third })
        {
            results.AddRange(await rig.Target("smartlead").PushAsync(order, TargetConformance.Leads(1), CancellationToken.None));
        }

        Assert.IsType<PushResult.Accepted>(results[0]);
        Assert.True(results[1] is PushResult.RetryAt { Asked: false }, $"{results[1]}");
        Assert.IsType<PushResult.Stop>(results[2]); // it was asked, and turned the key away
        Assert.Equal(2, rig.Smartlead.Book.Requests.Count);

        async Task<PushOrder> OtherAsync(string name)
        {
            var tenant = new Tenant("app", name);
            var id = await rig.Grid.Services.GetRequiredService<OrganizationStore>().FindOrAddAsync(tenant);
            return Order(rig, "1", once) with { Key = new CampaignKey(tenant, "1"), OrganizationId = id };
        }

        Task SetKeyAsync(PushOrder order, string key)
            => rig.Grid.Services.GetRequiredService<SecretStore>().SetAsync(order.OrganizationId, "smartlead-api-key", key, "test");
    }

    [Fact]
    public async Task Without_a_key_nothing_is_asked_and_the_campaign_stops()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("SMARTLEAD_API_KEY", ""));

        Assert.IsType<PushResult.Stop>((await PushAsync(rig, TargetConformance.Lead("a@x.example"))).Single());
        Assert.Empty(rig.Smartlead.Book.Requests);

        await rig.SetSecretAsync("smartlead-api-key", "wrong");
        await rig.SetSecretAsync("smartlead-api-key-1", rig.Smartlead.Options.ApiKey);
        Assert.IsType<PushResult.Accepted>((await PushAsync(rig, TargetConformance.Lead("a@x.example"))).Single());
        Assert.IsType<PushResult.Stop>((await rig.Target("smartlead").PushAsync(Order(rig, "2"), TargetConformance.Leads(1), default)).Single());
    }

    [Fact]
    public async Task Two_leads_of_one_email_are_one_to_the_vendor_and_both_are_in()
    {
        await using var rig = await CampaignRig.StartAsync();

        var results = await PushAsync(rig, TargetConformance.Lead("a@x.example", 1), TargetConformance.Lead(" A@X.example", 2));

        Assert.All(results, result => Assert.IsType<PushResult.Accepted>(result));
        Assert.Equal(0, rig.Smartlead.Book.Entries.Single().Repeats);
    }

    internal static PushOrder Order(CampaignRig rig, string id, SmartleadSettings? settings = null) => new(
        new CampaignKey(CampaignRig.Tenant, id),
        rig.OrganizationId,
        new CampaignSettings.Smartlead(settings ?? new SmartleadSettings(RateLimit: 1_000)),
        new SmartleadSettings());

    internal static Task<PushResult[]> PushAsync(CampaignRig rig, params OutboundLead[] leads)
        => rig.Target("smartlead").PushAsync(Order(rig, "1"), leads, CancellationToken.None);

    private static Task<PushResult[]> PushAsync(CampaignRig rig, SmartleadSettings settings, params OutboundLead[] leads)
        => rig.Target("smartlead").PushAsync(Order(rig, "1", settings), leads, CancellationToken.None);
}
