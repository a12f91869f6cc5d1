using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Campaigns;

/// <summary>What a webhook's campaign does while something is wrong.</summary>
public sealed class WebhookFaultTests
{
    [Theory]
    [InlineData(429, "waiting 0 429")]
    [InlineData(503, "waiting 1 503")]
    public async Task An_endpoint_that_asks_for_time_is_given_it_by_all_leads_of_its_campaign(int status, string asked)
    {
        await using var rig = await CampaignRig.StartAsync();
        var works = false;
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = works ? 204 : status;
            context.Response.Headers.RetryAfter = "600";
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url);

        await rig.AddLeadsAsync("hook", [.. Enumerable.Range(0, 50).Select(i => $"{i}@x.example")]);
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("8", $"select count(*) from campaign_pushes where concat_ws(' ', state, attempts, last_error) = '{asked}'");
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        Assert.Equal(PushFate.Pending.Value, (await rig.PushAsync("hook", "late@x.example", seconds: 0.5)).Fate);
        Assert.Equal(8, server.Requests.Count); // as many as are under way at once

        works = true;
        await rig.Client.PostAsync("/campaigns/hook/retry", new { all = true });
        await rig.EventuallyAsync("51", "select count(*) from campaign_pushes where state = 'sent'");
    }

    [Fact]
    public async Task What_one_endpoint_asked_for_is_nothing_to_the_one_that_is_set_instead()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var busy = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "86400";
            return Task.CompletedTask;
        });
        await using var other = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.PutWebhookAsync(busy.Url);
        await rig.AddLeadsAsync("hook", [.. Enumerable.Range(0, 20).Select(i => $"{i}@x.example")]);
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("8", "select count(*) from campaign_pushes where last_error = '429' and due_at > now() + interval '1 hour'");

        await rig.PutWebhookAsync(other.Url);

        await rig.EventuallyAsync("20", "select count(*) from campaign_pushes where state = 'sent'");
        Assert.Equal((8, 20), (busy.Requests.Count, other.Requests.Count));
    }

    [Fact]
    public async Task A_lead_is_taken_by_the_status_whatever_becomes_of_the_body()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:CallTimeout", "00:00:02"));
        await using var server = await LoopbackServer.Start(async (_, context) =>
        {
            context.Response.ContentLength = 10_000_000;
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await rig.PutWebhookAsync(server.Url);

        Assert.Equal(new PushFate.Pushed("webhook"), (await rig.PushAsync("hook", "ada@x.example")).Fate);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task While_its_secret_does_not_open_a_campaign_waits_and_is_not_stopped()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.PutWebhookAsync(server.Url);
        var key = await rig.TextAsync("select min(key_id) from organization_secrets where name like 'webhook%'");
        await rig.ExecuteAsync("update organization_secrets set key_id = 'gone'");

        var (id, fate) = await rig.PushAsync("hook", "ada@x.example");

        Assert.Equal(new PushFate.Failed("A secret was sealed with a key that SECRET_KEYS does not have."), fate);
        Assert.Equal("HELD waiting 0 A secret was sealed with a key that SECRET_KEYS does not have.", await rig.StateAsync(id));
        Assert.Equal("active", (string)(await rig.Client.ReadAsync("/campaigns/hook"))["state"]!);
        Assert.Empty(server.Requests);

        await rig.ExecuteAsync($"update organization_secrets set key_id = '{key}'");
        await rig.Client.PostAsync("/campaigns/hook/retry", new { all = true });
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
    }

    [Fact]
    public async Task A_batch_that_is_under_way_as_its_campaign_is_removed_is_not_recorded_for_one_that_is_set_up_under_its_id()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:SweepEvery", "00:00:01"));
        var (asked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var first = await LoopbackServer.Start(async (_, _) =>
        {
            asked.TrySetResult();
            await release.Task;
        });
        await using var second = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.PutWebhookAsync(first.Url);
        var id = (await rig.AddLeadsAsync("hook", "ada@x.example")).Single();
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await asked.Task.WaitAsync(Eventually.Patience);

        using var deleted = await rig.Client.DeleteAsync(new Uri("/campaigns/hook", UriKind.Relative));
        await rig.PutWebhookAsync(second.Url);
        release.SetResult();

        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
        Assert.Single(second.Requests);
        Assert.Equal("1", await rig.TextAsync("select sent_count from campaigns"));
        Assert.Equal("pushed_to_webhook", await rig.AuditAsync(id));
    }

    [Fact]
    public async Task A_retry_of_all_waits_for_a_batch_under_way_without_holding_its_pushes()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url, 3_600);
        var (id, _) = await rig.PushAsync("hook", "ada@x.example");
        await rig.EventuallyAsync("waiting", "select state from campaign_pushes");
        await using var connection = await rig.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync("select from campaigns for update");

        var retry = rig.Client.PostAsync("/campaigns/hook/retry", new { all = true });
        await rig.EventuallyAsync(
            "1", "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() and query like '%for no key update%'");
        await ExecuteAsync("select from campaign_pushes for update nowait");
        await transaction.RollbackAsync();

        Assert.Equal(1, (int)(await retry)["retried"]!);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync();
        }
    }
}
