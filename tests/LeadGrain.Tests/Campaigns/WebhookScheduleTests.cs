using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Campaigns;

/// <summary>How often a webhook is tried, and when its endpoint is given up.</summary>
public sealed class WebhookScheduleTests
{
    [Fact]
    public async Task By_default_a_lead_is_tried_ten_times_over_three_days()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var rig = await CampaignRig.StartAsync(time);
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url);
        var (id, _) = await rig.PushAsync("hook", "ada@x.example");

        var (hour, attempts) = (3_600, 1);
        foreach (var seconds in new[] { 5, 300, hour / 2, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour })
        {
            await rig.EventuallyAsync($"HELD waiting {attempts++} 500", "select concat_ws(' ', status, state, attempts, last_error) from routed_leads join campaign_pushes on lead_id = id");
            var wait = await rig.Database.ScalarAsync<TimeSpan>("select due_at - intent_at from campaign_pushes");
            Assert.InRange(wait.TotalSeconds, 0.8 * seconds, (1.2 * seconds) + 60); // and what the attempt took
            time.Advance(wait);
            await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        }

        await rig.EventuallyAsync("DEAD", "select status from routed_leads");
        Assert.Equal("DEAD dead 10 500; that was the last of 10 attempts", await rig.StateAsync(id));
        var times = server.Requests.Select(heard => long.Parse(heard.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(10, times.Length);
        Assert.InRange((times[^1] - times[0]) / hour, 60, 91);
        Assert.Equal("active", (string)(await rig.Client.ReadAsync("/campaigns/hook"))["state"]!);
    }

    [Fact]
    public async Task An_endpoint_that_failed_for_five_days_is_switched_off_and_on_again_by_hand()
    {
        var time = new FakeTime(); // noon
        using var running = time.Run();
        await using var rig = await CampaignRig.StartAsync(time);
        var works = false;
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = works ? 200 : 500;
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url, 3_600);
        await rig.PushAsync("hook", "ada@x.example");
        await FailDailyAsync(rig, time, 4.9);
        await rig.PushAsync("hook", "bob@x.example");
        Assert.Equal("active", (string)(await rig.Client.ReadAsync("/campaigns/hook"))["state"]!);

        time.Advance(TimeSpan.FromDays(0.2));
        await rig.PushAsync("hook", "cy@x.example");
        await rig.EventuallyAsync("stopped", "select state from campaigns");
        var asked = server.Requests.Count;
        works = true;
        Assert.IsType<PushFate.Failed>((await rig.PushAsync("hook", "dan@x.example")).Fate);
        Assert.Equal(asked, server.Requests.Count);
        const string Why = "no success since 2030-01-01 12:00 UTC";
        Assert.Equal(Why, (string)(await rig.Client.ReadAsync("/campaigns/hook"))["stoppedFor"]!);
        Assert.Equal($"campaign_created; campaign_stopped: {Why}", await rig.AuditAsync("hook"));

        await rig.Client.PostAsync("/campaigns/hook/resume", new { });
        await rig.Client.PostAsync("/campaigns/hook/retry", new { all = true });

        await rig.EventuallyAsync("8", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.EndsWith("campaign_resumed; push_retried: all held and dead pushes", await rig.AuditAsync("hook"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_long_after_the_last_one_does_not_switch_an_endpoint_off()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var rig = await CampaignRig.StartAsync(time);
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url, 1);
        await rig.PushAsync("hook", "ada@x.example");
        await rig.EventuallyAsync("DEAD", "select status from routed_leads");

        time.Advance(TimeSpan.FromDays(6));
        await rig.PushAsync("hook", "bob@x.example");
        await rig.EventuallyAsync("2", "select count(*) from routed_leads where status = 'DEAD'");
        await FailDailyAsync(rig, time, 4.9);
        await rig.PushAsync("hook", "cy@x.example");
        Assert.Equal("active", await rig.TextAsync("select state from campaigns"));

        time.Advance(TimeSpan.FromDays(0.2));
        await rig.PushAsync("hook", "dan@x.example");
        await rig.EventuallyAsync("no success since 2030-01-07 12:00 UTC", "select stopped_for from campaigns");
    }

    [Fact]
    public async Task An_endpoint_that_is_switched_on_again_and_one_that_is_set_instead_have_five_days_of_their_own()
    {
        var time = new FakeTime();
        using var running = time.Run();
        await using var rig = await CampaignRig.StartAsync(time);
        await using var server = await LoopbackServer.Start(FailAsync);
        await using var other = await LoopbackServer.Start(FailAsync);
        await rig.PutWebhookAsync(server.Url, 3_600);
        await rig.PushAsync("hook", "ada@x.example");
        await FailDailyAsync(rig, time, 5.1);
        await rig.PushAsync("hook", "bob@x.example");
        await rig.EventuallyAsync("stopped", "select state from campaigns");

        await rig.Client.PostAsync("/campaigns/hook/resume", new { });
        Assert.Equal("active", await FailedAsync("cy@x.example"));
        await FailDailyAsync(rig, time, 4.9);
        Assert.Equal("active", await FailedAsync("dan@x.example"));

        await rig.PutWebhookAsync(other.Url, 3_600);
        Assert.Equal("active", await FailedAsync("eve@x.example"));
        await FailDailyAsync(rig, time, 4.9);
        Assert.Equal("active", await FailedAsync("flo@x.example"));
        time.Advance(TimeSpan.FromDays(0.2));
        await rig.PushAsync("hook", "gus@x.example");
        await rig.EventuallyAsync("stopped", "select state from campaigns");

        static Task FailAsync(Heard heard, HttpContext context)
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        }

        async Task<string> FailedAsync(string email)
        {
            Assert.IsType<PushFate.Failed>((await rig.PushAsync("hook", email)).Fate);
            return await rig.TextAsync("select state from campaigns");
        }
    }

    // As an endpoint does that is given leads all the time.
    private static async Task FailDailyAsync(CampaignRig rig, FakeTime time, double days)
    {
        for (; days > 1; days--)
        {
            time.Advance(TimeSpan.FromDays(1));
            await rig.PushAsync("hook", $"{Guid.NewGuid():n}@x.example");
        }

        time.Advance(TimeSpan.FromDays(days));
    }
}
