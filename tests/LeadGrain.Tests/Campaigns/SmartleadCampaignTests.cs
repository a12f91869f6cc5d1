using System.Net;
using System.Net.Http.Json;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Outbound;
using LeadGrain.Tests.Routing;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Campaigns of Smartlead's that nobody set up, and the vendor's other limits.</summary>
public sealed class SmartleadCampaignTests
{
    [Fact]
    public async Task A_rule_that_names_a_campaign_of_smartleads_and_a_key_are_enough_to_push()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.Client.PostAsync("/routing/rules", new { persona = "VP Sales", min_score = 80, priority = 100, target_campaign_id = "123456" });

        var answer = (await rig.Client.PostAsync("/api/ingest", new { email = "test@example.com", persona = "VP Sales", lead_score = 85 }))["data"]!;

        Assert.Equal(("123456", true, "ACTIVE"), ((string)answer["assignedCampaignId"]!, (bool)answer["pushedToSmartlead"]!, (string)answer["status"]!));
        Assert.Equal("123456", rig.Smartlead.Book.Entries.Single().Campaign);
        var campaign = (await rig.Client.ReadAsync("/campaigns"))["campaigns"]!.AsArray().Single()!;
        Assert.Equal(("123456", "smartlead", 1), ((string)campaign["id"]!, (string)campaign["kind"]!, (int)campaign["pushes"]!["sent"]!));
        Assert.Equal("campaign_created: the first lead came", await rig.AuditAsync("123456"));
        Assert.Contains("Information: Pushed 1 leads to the smartlead campaign 123456 ", rig.Log.Lines);
        Assert.DoesNotContain(rig.Log.Lines, line => line.Contains("test@example.com", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_key_the_lead_waits_and_goes_by_itself_once_there_is_one()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("SMARTLEAD_API_KEY", ""), ("Campaigns:SweepEvery", "00:00:01"));
        Assert.Equal(PushFate.Unknown.Value, (await rig.PushAsync("123456", "ada@x.example")).Fate);
        Assert.Empty((await rig.Client.ReadAsync("/campaigns"))["campaigns"]!.AsArray());

        await rig.SetSecretAsync("smartlead-api-key", rig.Smartlead.Options.ApiKey);

        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
    }

    [Fact]
    public async Task A_campaign_of_another_kind_keeps_its_id()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        using var put = await rig.Client.PutAsJsonAsync("/campaigns/123456", new { kind = "webhook", url = server.Url });

        Assert.Equal(new PushFate.Pushed("webhook"), (await rig.PushAsync("123456", "ada@x.example")).Fate);

        Assert.Single(server.Requests);
        Assert.Empty(rig.Smartlead.Book.Requests);
    }

    [Fact]
    public async Task An_answer_tells_whether_it_was_smartlead_that_got_the_lead_also_to_a_repeat()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        using var put = await rig.Client.PutAsJsonAsync("/campaigns/hook", new { kind = "webhook", url = server.Url });
        foreach (var campaign in (string[])["hook", "123456"])
        {
            await rig.Client.AddRuleAsync(new { persona = campaign, target = new { campaign } });
        }

        string[] told = [await TellAsync("hook"), await TellAsync("hook"), await TellAsync("123456"), await TellAsync("123456")];

        Assert.Equal(["ACTIVE pushed false", "ACTIVE pushed false", "ACTIVE pushed true", "ACTIVE pushed true"], told);

        async Task<string> TellAsync(string persona)
        {
            var (_, answer, _) = await rig.Client.SendAsync(
                HttpMethod.Post, "/api/ingest", $$"""{"email":"ada@{{persona}}.example","persona":"{{persona}}"}""", ("Idempotency-Key", persona));
            return $"{answer["data"]!["status"]} {answer["data"]!["push"]!["state"]} {answer["data"]!["pushedToSmartlead"]!.ToJsonString()}";
        }
    }

    [Fact]
    public async Task A_campaign_that_somebody_removed_is_not_brought_back_by_the_next_lead()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:SweepEvery", "00:00:01"));
        await rig.PushAsync("123456", "ada@x.example");
        using var deleted = await rig.Client.DeleteAsync(new Uri("/campaigns/123456", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);

        Assert.Equal(PushFate.Unknown.Value, (await rig.PushAsync("123456", "bob@x.example")).Fate);
        await rig.RestartAsync();
        Assert.Equal(PushFate.Unknown.Value, (await rig.PushAsync("123456", "cy@x.example")).Fate);
        Assert.Single(rig.Smartlead.Book.Requests);

        await rig.PutSmartleadAsync("123456");
        await rig.EventuallyAsync("3", "select count(*) from routed_leads where status = 'ACTIVE'");
    }

    [Fact]
    public async Task With_nothing_set_campaigns_of_one_key_make_ten_requests_in_any_two_seconds_and_none_is_refused()
    {
        await using var rig = await CampaignRig.StartAsync(new FakeSmartleadOptions());
        foreach (var id in (string[])["7", "8", "9"])
        {
            await rig.PutSmartleadAsync(id, new { batchLimit = 1 });
            await rig.AddLeadsAsync(id, [.. Enumerable.Range(0, 8).Select(i => $"lead{i}@{id}.example")]);
            await rig.Campaign(id).WakeAsync(CancellationToken.None);
        }

        await rig.EventuallyAsync("24", "select count(*) from routed_leads where status = 'ACTIVE'");

        Assert.Equal(24, rig.Smartlead.Book.Requests.Count);
        Assert.Equal(10, rig.Smartlead.Book.Busiest(TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task With_the_vendors_newer_limits_a_request_holds_400_leads()
    {
        await using var rig = await CampaignRig.StartAsync(Newer);
        await rig.PutSmartleadAsync("7", new { batchLimit = 400, rateLimit = 60, rateWindow = 60 });
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 801).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("801", "select count(*) from routed_leads where status = 'ACTIVE'");

        Assert.Equal([400, 400, 1], rig.Smartlead.Book.Requests.Select(request => request.Leads));
        Assert.All(rig.Smartlead.Book.Entries, entry => Assert.Equal(0, entry.Repeats));
    }

    [Fact]
    public async Task With_the_vendors_newer_limits_the_61st_request_waits_until_a_minute_is_over()
    {
        await using var rig = await CampaignRig.StartAsync(Newer, ("Campaigns:LongestRateWait", "00:00:00"));
        await rig.PutSmartleadAsync("7", new { batchLimit = 1, rateLimit = 60, rateWindow = 60 });
        var before = DateTimeOffset.UtcNow;
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 61).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("60 1", "select concat_ws(' ', count(*) filter (where state = 'sent'), count(*) filter (where state = 'waiting' and due_at > now() + interval '1 second')) from campaign_pushes");

        Assert.Equal(60, rig.Smartlead.Book.Requests.Count(request => request.Outcome == "answered"));
        Assert.Equal(60, rig.Smartlead.Book.Requests.Count);
        var due = DateTime.Parse(
            await rig.TextAsync("select to_char(due_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MSZ') from campaign_pushes where state = 'waiting'"),
            System.Globalization.CultureInfo.InvariantCulture,
            System.Globalization.DateTimeStyles.AdjustToUniversal);
        Assert.InRange((due - before.UtcDateTime).TotalSeconds, 59.9, 120);
    }

    [Fact]
    public async Task With_the_vendors_newer_limits_no_second_holds_more_than_a_burst()
    {
        await using var rig = await CampaignRig.StartAsync(new FakeSmartleadOptions { RateLimit = 60, Window = TimeSpan.FromSeconds(60), BurstLimit = 10 });
        await rig.PutSmartleadAsync("7", new { batchLimit = 1, rateLimit = 60, rateWindow = 60, burstLimit = 10 });
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 25).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("25", "select count(*) from routed_leads where status = 'ACTIVE'");

        Assert.InRange(rig.Smartlead.Book.Busiest(TimeSpan.FromSeconds(1)), 1, 10);
        Assert.Equal(25, rig.Smartlead.Book.Requests.Count); // none was refused for its rate
        Assert.Equal(10, (int)(await rig.Client.ReadAsync("/campaigns/7"))["settings"]!["burstLimit"]!);
    }

    [Fact]
    public async Task A_lead_that_waits_for_our_own_rate_has_not_failed_and_is_answered_as_pending()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:LongestRateWait", "00:00:00"));
        await rig.PutSmartleadAsync("7", new { rateLimit = 1, rateWindow = 60 });
        await rig.Client.AddRuleAsync(new { target = new { campaign = "7" } });
        Assert.Equal(new PushFate.Pushed("smartlead"), (await rig.PushAsync("7", "ada@x.example")).Fate);

        var (_, ingested, _) = await rig.Client.SendAsync(HttpMethod.Post, "/api/ingest?wait=2", """{"email":"bob@x.example"}""");

        var answer = ingested["data"]!;
        Assert.Equal("""{"state":"pending","reason":null}""", answer["push"]!.ToJsonString());
        Assert.Equal(("HELD", false), ((string)answer["status"]!, (bool)answer["pushedToSmartlead"]!));
        Assert.Equal("HELD waiting 0", await rig.StateAsync((Guid)answer["leadId"]!));
        Assert.Equal("assigned", await rig.AuditAsync(answer["leadId"]!));
        Assert.Single(rig.Smartlead.Book.Requests);
    }

    [Fact]
    public async Task Refused_for_the_rate_a_push_is_audited_as_failed_once_however_often_that_happens_in_a_row()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveNext(3, new SmartleadBehavior.Throttled("1", 1));

        var (id, fate) = await rig.PushAsync("7", "ada@x.example");

        Assert.Equal(new PushFate.Failed("429: rate limit"), fate);
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
        Assert.Equal(4, rig.Smartlead.Book.Requests.Count);
        Assert.Equal("push_failed: 429: rate limit; pushed_to_smartlead", await rig.AuditAsync(id));
        Assert.Equal("ACTIVE sent 1", await rig.StateAsync(id));
    }

    [Fact]
    public async Task A_retry_of_all_goes_by_steps_and_each_says_how_many_and_how_far()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryStep", "3"));
        await rig.PutSmartleadAsync("7");
        await rig.Client.PostAsync("/campaigns/7/pause", new { });
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 8).Select(i => $"lead{i}@x.example")]);
        var ids = (await rig.TextAsync("select string_agg(id::text, ' ' order by id) from routed_leads")).Split(' ');
        await rig.ExecuteAsync(
            $"""
            update campaign_pushes set attempts = 3, due_at = now() + interval '1 hour';
            update campaign_pushes set state = 'dead' where lead_id in ('{ids[0]}', '{ids[7]}');
            update routed_leads set status = 'DEAD' where id in ('{ids[0]}', '{ids[7]}');
            update campaigns set dead_count = 2
            """);

        Assert.Equal(8, (int)(await rig.Client.PostAsync("/campaigns/7/retry", new { all = true }))["retried"]!);

        Assert.Equal("8", await rig.TextAsync("select count(*) from campaign_pushes where state = 'waiting' and attempts = 0 and due_at <= now()"));
        Assert.Equal("0", await rig.TextAsync("select dead_count from campaigns"));
        Assert.Equal(
            $"3 2 1 {ids[0]} {ids[2]}; 3 3 0 {ids[3]} {ids[5]}; 2 1 1 {ids[6]} {ids[7]}",
            await rig.TextAsync(
                """
                select string_agg(concat_ws(' ', after->>'retried', after->>'held', after->>'dead', after->>'firstLeadId', after->>'lastLeadId'), '; ' order by id)
                from audit_log where action = 'push_retried' and reason = 'all held and dead pushes'
                """));
        await rig.Client.PostAsync("/campaigns/7/resume", new { });
        await rig.EventuallyAsync("8", "select count(*) from routed_leads where status = 'ACTIVE'");
    }

    private static FakeSmartleadOptions Newer => new() { BatchLimit = 400, RateLimit = 60, Window = TimeSpan.FromSeconds(60), Shape = SmartleadShape.Newer };
}
