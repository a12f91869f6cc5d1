using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Posts of one webhook, each in its own time.</summary>
public sealed class WebhookTurnsTests
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_post_that_hangs_holds_no_other_up_and_is_recorded_when_it_is_answered()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((heard, _) => IsOf(heard, "slow") ? _released.Task : Task.CompletedTask);
        await rig.PutWebhookAsync(server.Url);
        await rig.AddLeadsAsync("hook", ["slow@x.example", .. Enumerable.Range(0, 20).Select(i => $"{i}@x.example")]);

        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("20", "select count(*) from routed_leads where status = 'ACTIVE'");
        var (_, late) = await rig.PushAsync("hook", "late@x.example");
        Assert.Equal(new PushFate.Pushed("webhook"), late);
        Assert.Equal("sending 1", await rig.TextAsync("select state || ' ' || attempts from campaign_pushes where state <> 'sent'"));
        _released.SetResult();

        await rig.EventuallyAsync("22", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal("22", await rig.TextAsync("select sent_count from campaigns"));
        Assert.Equal(22, server.Requests.Count);
    }

    [Fact]
    public async Task No_more_than_eight_are_under_way_at_once()
    {
        await using var rig = await CampaignRig.StartAsync();
        var (now, most) = (0, 0);
        await using var server = await LoopbackServer.Start(async (_, _) =>
        {
            var seen = Interlocked.Increment(ref now);
            int known;
            while ((known = Volatile.Read(ref most)) < seen && Interlocked.CompareExchange(ref most, seen, known) != known)
            {
            }

            await Task.Yield();
            Interlocked.Decrement(ref now);
            await _released.Task;
        });
        await rig.PutWebhookAsync(server.Url);
        await rig.AddLeadsAsync("hook", [.. Enumerable.Range(0, 30).Select(i => $"{i}@x.example")]);

        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await Eventually.Async("eight are asked", () => server.Requests.Count == 8);
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.PushAsync("hook", "late@x.example", seconds: 0.3);
        Assert.Equal(8, server.Requests.Count);
        _released.SetResult();

        await rig.EventuallyAsync("31", "select count(*) from campaign_pushes where state = 'sent'");
        Assert.InRange(most, 1, 8);
    }

    [Fact]
    public async Task What_succeeds_late_does_not_end_its_campaigns_pause()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:BreakerFailures", "1"), ("Campaigns:BreakerFirst", "00:10:00"), ("Campaigns:BreakerLongest", "00:10:00"));
        await using var server = await LoopbackServer.Start(async (heard, context) =>
        {
            if (IsOf(heard, "late"))
            {
                await _released.Task;
            }

            context.Response.StatusCode = IsOf(heard, "late") ? 204 : 500;
        });
        await rig.PutWebhookAsync(server.Url, 3_600);
        await rig.AddLeadsAsync("hook", "first@x.example", "late@x.example");

        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("500", "select string_agg(last_error, ' ') from campaign_pushes");
        _released.SetResult();
        await rig.EventuallyAsync("1", "select count(*) from campaign_pushes where state = 'sent'");

        Assert.Equal(PushFate.Pending.Value, (await rig.PushAsync("hook", "new@x.example", seconds: 0.5)).Fate);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task What_fails_late_does_not_make_its_campaigns_pause_longer()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:BreakerFailures", "1"), ("Campaigns:BreakerFirst", "00:00:03"), ("Campaigns:BreakerLongest", "10:00:00"));
        var turn = new SemaphoreSlim(1);
        var fails = true;
        await using var server = await LoopbackServer.Start(async (_, context) =>
        {
            if (fails)
            {
                await turn.WaitAsync();
                context.Response.StatusCode = 500;
            }
        });
        await rig.PutWebhookAsync(server.Url, 36_000);
        await rig.AddLeadsAsync("hook", [.. Enumerable.Range(0, 8).Select(i => $"{i}@x.example")]);

        // Were each of them one more failure, the last pause would be of three minutes at least.
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        for (var n = 1; n <= 8; n++)
        {
            await rig.EventuallyAsync($"{n}", "select count(*) from campaign_pushes where state = 'waiting'");
            turn.Release();
        }

        fails = false;
        await rig.AddLeadsAsync("hook", "new@x.example");
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("1", "select count(*) from campaign_pushes where state = 'sent'");
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_to_several_at_once_stops_its_campaign_once()
    {
        await using var rig = await CampaignRig.StartAsync();
        var order = 0;
        await using var server = await LoopbackServer.Start(async (_, context) =>
        {
            if (Interlocked.Increment(ref order) > 1)
            {
                await _released.Task;
            }

            context.Response.StatusCode = 410;
        });
        await rig.PutWebhookAsync(server.Url);
        await rig.AddLeadsAsync("hook", "first@x.example", "second@x.example", "third@x.example");

        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("stopped", "select state from campaigns");
        _released.SetResult();

        await rig.EventuallyAsync("3", "select count(*) from campaign_pushes where state = 'waiting' and attempts = 0 and last_error is not null");
        Assert.Equal("1", await rig.TextAsync("select count(*) from audit_log where action = 'campaign_stopped'"));
    }

    private static bool IsOf(Heard heard, string name) => heard.Text.Contains($"\"{name}@x.example\"", StringComparison.Ordinal);
}
