using LeadGrain.Grains.Campaigns;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Two activations of one campaign, as a partition or a lost answer makes them.</summary>
public sealed class CampaignClaimTests
{
    [Fact]
    public async Task What_an_earlier_activation_takes_while_it_is_replaced_is_sent_by_the_next_one()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:SweepEvery", "01:00:00"));
        await rig.PutSmartleadAsync("7");
        await rig.AddLeadsAsync("7", "ada@x.example", "bob@x.example");
        var (campaigns, pushes) = (rig.Grid.Services.GetRequiredService<CampaignStore>(), rig.Grid.Services.GetRequiredService<PushStore>());
        var first = (await campaigns.ClaimAsync(rig.OrganizationId, "7"))!;

        Task<DuePushes?> taking;
        Task<ClaimedCampaign?> claiming;
        await using (var connection = await rig.Database.DataSource.OpenConnectionAsync())
        await using (var holding = await connection.BeginTransactionAsync())
        {
            await using (var hold = new Npgsql.NpgsqlCommand("select from campaign_pushes for update", connection))
            {
                await hold.ExecuteNonQueryAsync();
            }

            taking = pushes.TakeAsync(rig.OrganizationId, "7", first.Epoch, 10);
            await rig.Database.LockWaitAsync(1);
            claiming = campaigns.ClaimAsync(rig.OrganizationId, "7");
            await rig.Database.LockWaitAsync(2);
            await holding.CommitAsync();
        }

        Assert.Equal(2, (await taking)!.Leads.Count);
        Assert.Equal(first.Epoch + 1, (await claiming)!.Epoch);
        Assert.Equal("waiting waiting", await rig.TextAsync("select string_agg(state, ' ') from campaign_pushes"));
    }

    [Fact]
    public async Task A_campaign_that_is_set_up_again_counts_the_pushes_of_the_one_before_and_a_retry_is_noted_with_what_they_were()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        foreach (var email in (string[])["invalid@x.example", "blocked@x.example", "ok@x.example"])
        {
            await rig.PushAsync("7", email);
        }

        using var deleted = await rig.Client.DeleteAsync(new Uri("/campaigns/7", UriKind.Relative));
        await rig.PutSmartleadAsync("7");
        var pushes = (await rig.Client.ReadAsync("/campaigns/7"))["pushes"]!;
        Assert.Equal((1, 2, 0), ((int)pushes["sent"]!, (int)pushes["dead"]!, (int)pushes["waiting"]!));
        Assert.Equal("{\"kind\": \"smartlead\", \"rateLimit\": 1000}", await rig.TextAsync("select before from audit_log where action = 'campaign_deleted'"));

        var dead = await rig.TextAsync("select min(lead_id::text) from campaign_pushes where state = 'dead'");
        await rig.Client.PostAsync("/campaigns/7/retry", new { leadIds = new[] { dead } });

        Assert.Equal(
            """{"status" : "DEAD"} {"status":"HELD"}""",
            await rig.TextAsync("select concat_ws(' ', before, after) from audit_log where action = 'push_retried' and entity_id = $1", dead));
        using var secret = await rig.Client.PostAsync(new Uri("/campaigns/7/secret", UriKind.Relative), null);
        Assert.Equal(System.Net.HttpStatusCode.Conflict, secret.StatusCode);
        Assert.Contains("no_signing_secret", await secret.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rate_that_was_set_by_mistake_holds_until_it_is_corrected_and_no_longer()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:LongestRateWait", "00:00:00"));
        await rig.PutSmartleadAsync("7", new { batchLimit = 1, rateLimit = 1, rateWindow = 3_600 });
        await rig.AddLeadsAsync("7", "ada@x.example", "bob@x.example", "cy@x.example");
        await rig.Campaign("7").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("1 1", "select concat_ws(' ', count(*) filter (where state = 'sent'), count(*) filter (where due_at > now() + interval '30 seconds')) from campaign_pushes");

        await rig.PutSmartleadAsync("7", new { batchLimit = 1, rateLimit = 1_000, rateWindow = 1 });

        await rig.EventuallyAsync("3", "select count(*) from campaign_pushes where state = 'sent'");
    }
}
