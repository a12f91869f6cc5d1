using LeadGrain.Tests.Campaigns;

namespace LeadGrain.Tests.Routing;

public sealed class RefusedForGoodTests
{
    [Fact]
    public async Task A_lead_that_its_campaign_refuses_for_good_is_answered_as_it_is_stored()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("1");
        await rig.Client.AddRuleAsync(new { target = new { campaign = "1" } });

        var lead = (await rig.Client.PostAsync("/api/ingest?wait=30", new { email = "invalid@acme.example" }))["data"]!;

        Assert.Equal(("DEAD", false, "failed"), ((string)lead["status"]!, (bool)lead["pushedToSmartlead"]!, (string)lead["push"]!["state"]!));
        Assert.Equal("DEAD", (string)(await rig.Client.ReadAsync($"/routing/leads/{lead["leadId"]}"))["status"]!);
    }
}
