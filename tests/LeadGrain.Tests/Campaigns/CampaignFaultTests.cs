using System.Net;
using System.Net.Http.Json;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Campaigns whose database or target is away for a while, and hosts that start anew.</summary>
public sealed class CampaignFaultTests
{
    private static readonly string s_manyRetries = string.Join(',', Enumerable.Repeat("0", 50));

    [Fact]
    public async Task A_removal_that_the_database_does_not_take_leaves_the_campaign_at_work()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:SweepEvery", "00:00:01"));
        await rig.PutSmartleadAsync("7");
        await rig.ExecuteAsync(
            """
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
            create trigger away before delete on campaigns for each statement execute function away()
            """);

        using var failed = await rig.Client.DeleteAsync(new Uri("/campaigns/7", UriKind.Relative));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        Assert.Equal("active", (string)(await rig.Client.ReadAsync("/campaigns/7"))["state"]!);
        await rig.AddLeadsAsync("7", "ada@x.example");
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");

        await rig.ExecuteAsync("drop trigger away on campaigns");
        using var deleted = await rig.Client.DeleteAsync(new Uri("/campaigns/7", UriKind.Relative));
        using var gone = await rig.Client.GetAsync(new Uri("/campaigns/7", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (deleted.StatusCode, gone.StatusCode));
    }

    [Fact]
    public async Task A_target_that_is_down_is_asked_with_one_lead_and_with_batches_again_once_that_is_taken()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryDelays", s_manyRetries), ("Campaigns:BreakerFailures", "2"));
        var release = new TaskCompletionSource();
        rig.Smartlead.BehaveNext(2, new SmartleadBehavior.Fails(500));
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.WaitFor(release.Task, new SmartleadBehavior.Answer()));
        await rig.PutSmartleadAsync("7", new { batchLimit = 5, rateLimit = 1_000 });
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 10).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.Smartlead.Book.ArrivedAsync(3);
        Assert.Equal("1", await rig.TextAsync("select count(*) from campaign_pushes where state = 'sending'"));
        release.SetResult();

        await rig.EventuallyAsync("10", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal([0, 0, 1, 5, 4], rig.Smartlead.Book.Requests.Select(request => request.Leads));
    }

    [Fact]
    public async Task A_target_that_was_down_and_refuses_the_lead_that_is_sent_ahead_works_again()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryDelays", s_manyRetries), ("Campaigns:BreakerFailures", "2"));
        rig.Smartlead.BehaveNext(2, new SmartleadBehavior.Fails(500));
        await rig.PutSmartleadAsync("7", new { batchLimit = 5, rateLimit = 1_000 });
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 10).Select(i => $"invalid{i}@x.example")]);

        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("10", "select count(*) from routed_leads where status = 'DEAD'");
        Assert.Equal(5, rig.Smartlead.Book.Requests.Count); // two that failed, one lead, five, four
    }

    [Fact]
    public async Task A_namespace_that_fails_in_no_known_way_costs_its_lead_attempts_and_not_the_campaign()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.Client.PutAsJsonAsync("/campaigns/own", new { kind = "namespace", @namespace = "pulled" });
        await rig.ExecuteAsync(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not here'; end $$;
            create trigger refuse before insert on lead_batches for each row execute function refuse()
            """);

        var (id, fate) = await rig.PushAsync("own", "ada@x.example");

        Assert.Equal(new PushFate.Failed("the namespace failed"), fate);
        await rig.EventuallyAsync("DEAD", "select status from routed_leads");
        Assert.Equal("DEAD dead 4 the namespace failed; that was the last of 4 attempts", await rig.StateAsync(id));
        await rig.ExecuteAsync("drop trigger refuse on lead_batches");
        await rig.Client.PostAsync("/campaigns/own/retry", new { all = true });
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
    }

    [Fact]
    public async Task A_host_that_starts_anew_does_not_ask_a_target_that_was_down_before_its_time_and_then_with_one_lead()
    {
        (string, string)[] closed = [("Campaigns:RetryDelays", s_manyRetries), ("Campaigns:BreakerFailures", "2"), ("Campaigns:BreakerFirst", "01:00:00"), ("Campaigns:BreakerLongest", "02:00:00")];
        await using var rig = await CampaignRig.StartAsync(null, closed);
        rig.Smartlead.BehaveNext(2, new SmartleadBehavior.Fails(500));
        await rig.PutSmartleadAsync("7", new { batchLimit = 5, rateLimit = 1_000 });
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 10).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("10", "select sum(attempts) from campaign_pushes where state = 'waiting'");

        await rig.RestartAsync(closed);
        var (_, fate) = await rig.PushAsync("7", "ada@x.example", seconds: 1);

        Assert.Equal(PushFate.Pending.Value, fate);
        Assert.Equal(2, rig.Smartlead.Book.Requests.Count);
        Assert.Equal("10", await rig.TextAsync("select sum(attempts) from campaign_pushes"));

        // The time is over sooner where the setting says so; then one lead is sent ahead.
        var release = new TaskCompletionSource();
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.WaitFor(release.Task, new SmartleadBehavior.Answer()));
        await rig.RestartAsync(("Campaigns:RetryDelays", s_manyRetries));
        await rig.Smartlead.Book.ArrivedAsync(3);
        Assert.Equal("1", await rig.TextAsync("select count(*) from campaign_pushes where state = 'sending'"));
        release.SetResult();
        await rig.EventuallyAsync("11", "select count(*) from routed_leads where status = 'ACTIVE'");
    }

    [Fact]
    public async Task A_push_that_waits_is_retried_after_a_restart_by_the_reminder_alone()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:RetryDelays", "3600"));
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Fails(500));
        await rig.PushAsync("7", "ada@x.example");
        await rig.EventuallyAsync("True", RemindersSql);

        // Nothing calls the sweep at this start, and nobody asks anything: only its reminder is left, whose time came meanwhile.
        await rig.RestartAsync(
            builder => builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(CampaignSweepStart))),
            "update campaign_pushes set due_at = now(); " + PassedSql);

        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
    }

    // The tables of the two hosts; the Orleans host's are there only where it has run.
    private const string RemindersSql =
        """
        select exists (select from embedded_reminders where grain_type like '%CampaignSweep%')
            or (to_regclass('orleans_reminders') is not null
                and (xpath('/row/n/text()', query_to_xml('select count(*) as n from orleans_reminders where grain_id ilike ''%sweep%''', false, true, '')))[1]::text <> '0')
        """;

    private const string PassedSql =
        """
        do $$ begin
            update embedded_reminders set start_at = start_at - interval '10 minutes';
            update embedded_reminders_sent set through = now() - interval '9 minutes';
            if to_regclass('orleans_reminders') is not null then
                execute 'update orleans_reminders set start_at = now() - interval ''55 seconds''';
            end if;
        end $$
        """;
}
