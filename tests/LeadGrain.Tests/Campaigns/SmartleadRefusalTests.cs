using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Sandbox.Smartlead;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Whole requests that the vendor refuses: for a lead, or for all.</summary>
public sealed class SmartleadRefusalTests
{
    [Theory]
    [InlineData(500, "RetryAt")]
    [InlineData(503, "RetryAt")]
    [InlineData(408, "RetryAt")]
    [InlineData(401, "Stop")]
    [InlineData(402, "Stop")]
    [InlineData(403, "Stop")]
    [InlineData(404, "Stop")]
    [InlineData(400, "Refused")]
    [InlineData(409, "Refused")]
    [InlineData(422, "Refused")]
    public async Task A_status_means_the_same_in_each_form_of_its_body(int status, string expected)
    {
        await using var rig = await CampaignRig.StartAsync();
        foreach (var body in Enum.GetValues<SmartleadErrorBody>())
        {
            rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Fails(status, body));
            Assert.Equal(expected, (await SmartleadTargetTests.PushAsync(rig, TargetConformance.Lead($"{body}@x.example"))).Single().GetType().Name);
        }

        Assert.Empty(rig.Smartlead.Book.Entries);
    }

    [Fact]
    public async Task One_lead_that_is_called_invalid_does_not_keep_out_those_beside_it()
    {
        await using var rig = await CampaignRig.StartAsync();
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Fails(400));

        var results = await SmartleadTargetTests.PushAsync(rig, TargetConformance.Leads(4));

        Assert.All(results, result => Assert.IsType<PushResult.Accepted>(result));
        Assert.Equal([4, 2, 2], rig.Smartlead.Book.Requests.Select(request => request.Leads == 0 ? 4 : request.Leads));
    }

    [Fact]
    public async Task A_vendor_that_refuses_every_request_stops_the_campaign_and_no_lead_is_given_up_for_it()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Fails(422));
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 100).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync(
            "stopped 422: the lead was refused, and so was every other", "select concat_ws(' ', state, stopped_for) from campaigns");

        Assert.Equal("100", await rig.TextAsync("select count(*) from routed_leads where status = 'HELD'"));
        Assert.InRange(rig.Smartlead.Book.Requests.Count, 10, 40);
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Answer());
        await rig.Client.PostAsync("/campaigns/7/resume", new { });
        await rig.EventuallyAsync("100", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.All(rig.Smartlead.Book.Entries, entry => Assert.Equal(0, entry.Repeats));
    }

    [Fact]
    public async Task Also_where_leads_come_one_by_one_ten_refused_in_a_row_stop_the_campaign()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        rig.Smartlead.BehaveNext(9, new SmartleadBehavior.Fails(400));
        Assert.Equal(Enumerable.Repeat("400: the lead was refused", 9), await FailuresAsync(9));
        Assert.Empty(await FailuresAsync(1)); // one is taken: the count starts anew
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Fails(400));

        Assert.Equal(
            [.. Enumerable.Repeat("400: the lead was refused", 9), .. Enumerable.Repeat("400: the lead was refused, and so was every other", 1)],
            await FailuresAsync(10));

        Assert.Equal("18 1 1", await rig.TextAsync(
            "select concat_ws(' ', count(*) filter (where status = 'DEAD'), count(*) filter (where status = 'HELD'), count(*) filter (where status = 'ACTIVE')) from routed_leads"));
        Assert.Equal("stopped", await rig.TextAsync("select state from campaigns"));
        rig.Smartlead.BehaveAlways(new SmartleadBehavior.Answer());
        await rig.Client.PostAsync("/campaigns/7/resume", new { });
        await rig.EventuallyAsync("2", "select count(*) from routed_leads where status = 'ACTIVE'");

        async Task<IReadOnlyList<string>> FailuresAsync(int leads)
        {
            var failures = new List<string>();
            for (var i = 0; i < leads; i++)
            {
                if ((await rig.PushAsync("7", $"{Guid.NewGuid()}@x.example")).Fate is PushFate.Failed { Reason: var why })
                {
                    failures.Add(why);
                }
            }

            return failures;
        }
    }

    [Fact]
    public async Task A_lead_that_the_vendor_judges_shows_that_those_refused_beside_it_are_the_reason()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        // By halves: 12, 6, 3, 2, 1, 1, 1, 3, 2, 1, 1, 1, then the other six at once, which are taken.
        rig.Smartlead.BehaveNext(12, new SmartleadBehavior.Fails(400));
        await rig.AddLeadsAsync("7", [.. Enumerable.Range(0, 12).Select(i => $"lead{i}@x.example")]);
        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("6 6", "select concat_ws(' ', count(*) filter (where status = 'DEAD'), count(*) filter (where status = 'ACTIVE')) from routed_leads");

        Assert.Equal("active", await rig.TextAsync("select state from campaigns"));
    }
}
