using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Sandbox.Smartlead;

namespace LeadGrain.Tests.Campaigns;

public sealed class CampaignGrainTests
{
    [Fact]
    public async Task A_pushed_lead_is_active_audited_and_in_the_campaign()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");

        var (id, fate) = await rig.PushAsync("7", "ada@x.example");

        Assert.Equal(new PushFate.Pushed("smartlead"), fate);
        Assert.Equal("ACTIVE sent 1", await rig.StateAsync(id));
        Assert.Equal("pushed_to_smartlead", await rig.AuditAsync(id));
        Assert.Equal("ada@x.example", rig.Smartlead.Book.Entries.Single().Email);
        Assert.Equal("1000", await rig.TextAsync("select target_lead_id from campaign_pushes"));
    }

    [Fact]
    public async Task A_lead_for_a_campaign_that_is_not_set_up_waits_until_it_is()
    {
        await using var rig = await CampaignRig.StartAsync();
        var (id, fate) = await rig.PushAsync("later", "ada@x.example", seconds: 1);
        Assert.Equal(PushFate.Unknown.Value, fate);
        Assert.Equal("HELD waiting 0", await rig.StateAsync(id));

        await rig.PutSmartleadAsync("later");

        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
    }

    [Fact]
    public async Task Whoever_is_suppressed_after_the_gate_let_them_pass_is_not_pushed_any_more()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        await rig.Client.PostAsync("/campaigns/7/pause", new { });
        var ids = await rig.AddLeadsAsync("7", "Ada@x.example", "bob@x.example");
        await rig.Client.PostAsync("/suppressions", new { emails = new[] { "ada@x.example" }, reason = "unsubscribed" });

        await rig.Client.PostAsync("/campaigns/7/resume", new { });
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads where id = $1", ids[1]);
        await rig.EventuallyAsync("DEAD", "select status from routed_leads where id = $1", ids[0]);
        await rig.Client.PostAsync("/campaigns/7/retry", new { all = true });
        await rig.EventuallyAsync("2", "select count(*) from audit_log where action = 'push_failed'");

        Assert.Equal("DEAD dead 1 The person has unsubscribed.", await rig.StateAsync(ids[0]));
        Assert.Equal("bob@x.example", Assert.Single(rig.Smartlead.Book.Entries).Email);

        // As far as the organization's gate goes by the list.
        await rig.Client.PutAsync(new Uri("/gate", UriKind.Relative), System.Net.Http.Json.JsonContent.Create(new { points = new { suppressed = 10 } }));
        await rig.Client.PostAsync("/campaigns/7/retry", new { all = true });
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads where id = $1", ids[0]);
    }

    [Fact]
    public async Task A_push_that_fails_holds_the_lead_and_is_tried_again_by_itself()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryDelays", "1,1"));
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Fails(500));

        var (id, fate) = await rig.PushAsync("7", "ada@x.example");

        Assert.Equal(new PushFate.Failed("500"), fate);
        Assert.Equal("HELD waiting 1 500", await rig.StateAsync(id));
        await rig.EventuallyAsync("ACTIVE sent 2", "select concat_ws(' ', status, state, attempts) from routed_leads join campaign_pushes on lead_id = id");
        Assert.Equal("push_failed: 500; pushed_to_smartlead", await rig.AuditAsync(id));
        Assert.Contains("Warning: Failed to push 1 leads to the smartlead campaign 7: 500 ", rig.Log.Lines);
    }

    [Fact]
    public async Task Leads_that_failed_in_one_batch_are_due_again_one_by_one()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryDelays", "3600"));
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Fails(500));
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 20).Select(i => $"lead{i}@x.example")]);

        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("20", "select count(*) from campaign_pushes where state = 'waiting' and attempts = 1");
        Assert.Equal("1 20", await rig.TextAsync("select concat_ws(' ', count(distinct intent_at), count(distinct due_at)) from campaign_pushes"));
    }

    [Fact]
    public async Task After_the_last_attempt_a_lead_is_dead_and_a_retry_brings_it_back()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryDelays", "0"), ("Campaigns:BreakerFailures", "100"));
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Fails(503));
        var (id, _) = await rig.PushAsync("7", "ada@x.example");
        var others = await rig.AddLeadsAsync("7", "bob@x.example", "cy@x.example");
        await rig.Campaign("7").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("3", "select count(*) from routed_leads where status = 'DEAD'");
        Assert.Equal("DEAD dead 2 503; that was the last of 2 attempts", await rig.StateAsync(id));
        Assert.Equal(3, (int)(await rig.Client.ReadAsync("/campaigns/7"))["pushes"]!["dead"]!);
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Answer());

        Assert.Equal(2, (int)(await rig.Client.PostAsync("/campaigns/7/retry", new { leadIds = new[] { id, Guid.NewGuid(), others[1] } }))["retried"]!);

        await rig.EventuallyAsync("2", "select count(*) from routed_leads where status = 'ACTIVE'");
        foreach (var named in new[] { id, others[1] })
        {
            Assert.EndsWith("push_retried; pushed_to_smartlead", await rig.AuditAsync(named), StringComparison.Ordinal);
        }

        Assert.Equal("DEAD dead 2 503; that was the last of 2 attempts", await rig.StateAsync(others[0]));
        var pushes = (await rig.Client.ReadAsync("/campaigns/7"))["pushes"]!;
        Assert.Equal((0, 2, 1), ((int)pushes["waiting"]!, (int)pushes["sent"]!, (int)pushes["dead"]!));
    }

    [Theory]
    [InlineData("invalid@x.example", "invalid email")]
    [InlineData("unsubscribed@x.example", "unsubscribed")]
    public async Task A_lead_that_is_refused_for_good_is_dead_at_once(string email, string why)
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");

        var (id, fate) = await rig.PushAsync("7", email);

        Assert.Equal(new PushFate.Failed(why), fate);
        Assert.Equal($"DEAD dead 1 {why}", await rig.StateAsync(id));
        Assert.Equal($"push_failed: {why}", await rig.AuditAsync(id));
    }

    [Fact]
    public async Task Turned_away_the_campaign_stops_holds_its_leads_and_goes_on_when_resumed()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Fails(401));

        var (id, fate) = await rig.PushAsync("7", "ada@x.example");
        var (other, second) = await rig.PushAsync("7", "bob@x.example");

        Assert.Equal(new PushFate.Failed("401: the API key was turned away"), fate);
        Assert.IsType<PushFate.Failed>(second);
        Assert.Equal("HELD waiting 0 401: the API key was turned away", await rig.StateAsync(id));
        Assert.Single(rig.Smartlead.Book.Requests);
        var stopped = await rig.Client.ReadAsync("/campaigns/7");
        Assert.Equal(("stopped", "401: the API key was turned away"), ((string)stopped["state"]!, (string)stopped["stoppedFor"]!));

        await rig.Client.PostAsync("/campaigns/7/resume", new { });

        await rig.EventuallyAsync("2", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal("ACTIVE sent 1", await rig.StateAsync(other));
        Assert.Equal("campaign_created; campaign_stopped: 401: the API key was turned away; campaign_resumed", await rig.AuditAsync("7"));
    }

    [Fact]
    public async Task A_paused_campaign_pushes_nothing_until_it_is_resumed()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        await rig.Client.PostAsync("/campaigns/7/pause", new { });

        var (_, fate) = await rig.PushAsync("7", "ada@x.example");
        Assert.Equal(new PushFate.Failed("the campaign is paused"), fate);
        Assert.Empty(rig.Smartlead.Book.Requests);
        await rig.RestartAsync();
        Assert.Equal("paused", (string)(await rig.Client.ReadAsync("/campaigns/7"))["state"]!);
        await rig.Client.PostAsync("/campaigns/7/resume", new { });

        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
    }

    [Fact]
    public async Task Leads_that_come_while_a_request_is_under_way_go_out_together()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7", new { batchLimit = 40, rateLimit = 1_000 });
        var release = new TaskCompletionSource();
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.WaitFor(release.Task, new SmartleadBehavior.Answer()));
        var first = rig.PushAsync("7", "first@x.example");
        await rig.Smartlead.Book.ArrivedAsync(1);
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 100).Select(i => $"lead{i}@x.example")]);

        release.SetResult();
        await first;

        await rig.EventuallyAsync("101", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal([1, 40, 40, 20], rig.Smartlead.Book.Requests.Select(request => request.Leads));
    }

    [Fact]
    public async Task Pushes_that_nobody_told_of_are_found_after_a_restart_and_those_under_way_are_sent_again()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:SweepEvery", "01:00:00"));
        await rig.PutSmartleadAsync("7");
        var (taken, _) = await rig.PushAsync("7", "taken@x.example");
        // As a host leaves them that died between its commit and its call, and between the vendor's answer and its record.
        await rig.AddLeadsAsync("7", "untold@x.example");
        await using (var undo = rig.Database.DataSource.CreateCommand(
            "update campaign_pushes set state = 'sending', sent_at = null where lead_id = $1; "))
        {
            undo.Parameters.AddWithValue(taken);
            await undo.ExecuteNonQueryAsync();
        }

        await using (var held = rig.Database.DataSource.CreateCommand("update routed_leads set status = 'HELD'"))
        {
            await held.ExecuteNonQueryAsync();
        }

        await rig.RestartAsync();

        await rig.EventuallyAsync("2", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal([("taken@x.example", 1), ("untold@x.example", 0)], rig.Smartlead.Book.Entries.Select(entry => (entry.Email, entry.Repeats)));
        Assert.EndsWith("pushed_to_smartlead: it was there already", await rig.AuditAsync(taken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_activation_that_was_superseded_records_nothing_and_the_lead_is_not_doubled()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:SweepEvery", "00:00:01"));
        await rig.PutSmartleadAsync("7");
        var release = new TaskCompletionSource();
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.WaitFor(release.Task, new SmartleadBehavior.Answer()));
        var push = rig.PushAsync("7", "ada@x.example");
        await rig.Smartlead.Book.ArrivedAsync(1);
        await using (var supersede = rig.Database.DataSource.CreateCommand("update campaigns set epoch = epoch + 1"))
        {
            await supersede.ExecuteNonQueryAsync();
        }

        release.SetResult();

        Assert.Equal(PushFate.Pending.Value, (await push).Fate);
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
        Assert.Equal(1, rig.Smartlead.Book.Entries.Single().Repeats);
        Assert.Equal("1", await rig.TextAsync("select sent_count from campaigns"));
    }

    [Fact]
    public async Task Several_campaigns_of_one_key_together_never_pass_its_rate_also_through_a_restart()
    {
        await using var rig = await CampaignRig.StartAsync(new FakeSmartleadOptions { RateLimit = 5, Window = TimeSpan.FromSeconds(1) });
        var settings = new { rateLimit = 5, rateWindow = 1, batchLimit = 1 };
        foreach (var id in new[] { "1", "2", "3" })
        {
            await rig.PutSmartleadAsync(id, settings);
            await rig.AddLeadsAsync(id, [.. Enumerable.Range(0, 6).Select(i => $"lead{i}@x.example")]);
            await rig.Campaign(id).WakeAsync(CancellationToken.None);
        }

        await rig.Smartlead.Book.ArrivedAsync(7);
        await rig.RestartAsync();

        await rig.EventuallyAsync("18", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.InRange(rig.Smartlead.Book.Busiest(TimeSpan.FromSeconds(1)), 1, 5);
        Assert.DoesNotContain(rig.Smartlead.Book.Requests, request => request.Outcome == "throttled");
        Assert.All(rig.Smartlead.Book.Entries, entry => Assert.Equal(0, entry.Repeats));
    }
}
