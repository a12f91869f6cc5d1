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
}
