using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Organizations;
using LeadGrain.Sandbox.Smartlead;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Campaigns;

/// <summary>Keys whose rate is used up for longer than a batch waits for its turn, and whom that holds up.</summary>
public sealed class ShutBudgetTests
{
    // Each time that a push is taken to be sent.
    private const string NoteTakes =
        """
        create table takes (campaign text);
        create function note_take() returns trigger language plpgsql as $$ begin insert into takes values (new.campaign_id); return null; end $$;
        create trigger noted after update on campaign_pushes for each row when (new.state = 'sending') execute function note_take()
        """;

    [Fact]
    public async Task A_backlog_is_not_gone_through_while_the_rate_is_used_up_and_goes_on_by_itself_in_whole_batches()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:LongestRateWait", "00:00:00"));
        await rig.PutSmartleadAsync("7", new { batchLimit = 10, rateLimit = 1, rateWindow = 1 });
        await rig.ExecuteAsync(NoteTakes);
        await rig.AddLeadsAsync("7", Emails(60));

        await rig.Campaign("7").WakeAsync(CancellationToken.None);

        await rig.EventuallyAsync("60", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal([10, 10, 10, 10, 10, 10], rig.Smartlead.Book.Requests.Select(request => request.Leads));
        // Once each, and one batch each time that there was no turn: not all that waited.
        Assert.InRange(int.Parse(await rig.TextAsync("select count(*) from takes"), System.Globalization.CultureInfo.InvariantCulture), 60, 180);
    }

    [Fact]
    public async Task Told_to_wait_for_an_hour_a_campaign_leaves_its_other_leads_as_they_are_and_so_do_others_of_its_key()
    {
        await using var rig = await CampaignRig.StartAsync();
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.Throttled("3600", null));
        await rig.PutSmartleadAsync("7", new { batchLimit = 10 });
        await rig.PutSmartleadAsync("8", new { batchLimit = 10 });
        await rig.ExecuteAsync(NoteTakes);
        await rig.AddLeadsAsync("7", Emails(30));
        await rig.Campaign("7").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("10", "select count(*) from campaign_pushes where last_error = '429: rate limit' and state = 'waiting'");
        await rig.AddLeadsAsync("8", Emails(30));
        await rig.Campaign("8").WakeAsync(CancellationToken.None);
        await rig.EventuallyAsync("10", "select count(*) from campaign_pushes where campaign_id = '8' and state = 'waiting' and due_at > now() + interval '30 seconds'");

        foreach (var id in (string[])["7", "8"])
        {
            Assert.Equal(PushFate.Pending.Value, (await rig.PushAsync(id, "late@x.example", seconds: 0.5)).Fate);
            Assert.Equal("10", await rig.TextAsync("select count(*) from takes where campaign = $1", id));
        }

        Assert.Single(rig.Smartlead.Book.Requests);
    }

    [Fact]
    public async Task What_an_organization_sets_for_the_processs_key_holds_up_nobody_else()
    {
        await using var rig = await CampaignRig.StartAsync(null, ("Campaigns:LongestRateWait", "00:00:00"));
        var slow = await OtherAsync(rig, new SmartleadSettings(RateLimit: 1, RateWindow: 3_600));
        var fast = SmartleadTargetTests.Order(rig, "1", new SmartleadSettings());

        string[] told = [await AskAsync(rig, slow), await AskAsync(rig, slow), await AskAsync(rig, fast), await AskAsync(rig, fast), await AskAsync(rig, slow)];
        await rig.RestartAsync(("Campaigns:LongestRateWait", "00:00:00"));

        Assert.Equal(["asked", "waits", "asked", "asked", "waits"], told);
        Assert.Equal(("waits", "asked"), (await AskAsync(rig, slow), await AskAsync(rig, fast)));
    }

    [Fact]
    public async Task What_the_process_allows_of_its_key_holds_for_all_organizations_together_whatever_they_set()
    {
        await using var rig = await CampaignRig.StartAsync(
            new FakeSmartleadOptions { RateLimit = 3, Window = TimeSpan.FromSeconds(60) }, ("Campaigns:LongestRateWait", "00:00:00"));
        var other = await OtherAsync(rig, new SmartleadSettings(RateLimit: 1_000));
        var own = SmartleadTargetTests.Order(rig, "1", new SmartleadSettings());

        string[] told = [await AskAsync(rig, own), await AskAsync(rig, other), await AskAsync(rig, other), await AskAsync(rig, other), await AskAsync(rig, own)];

        Assert.Equal(["asked", "asked", "asked", "waits", "waits"], told);
    }

    private static string[] Emails(int count) => [.. Enumerable.Range(0, count).Select(i => $"lead{i}@x.example")];

    private static async Task<string> AskAsync(CampaignRig rig, PushOrder order)
        => (await rig.Target("smartlead").PushAsync(order, TargetConformance.Leads(1), CancellationToken.None)).Single()
            is PushResult.RetryAt { Asked: false } ? "waits" : "asked";

    private static async Task<PushOrder> OtherAsync(CampaignRig rig, SmartleadSettings settings)
    {
        var tenant = new Tenant("app", "other");
        var id = await rig.Grid.Services.GetRequiredService<OrganizationStore>().FindOrAddAsync(tenant);
        return SmartleadTargetTests.Order(rig, "1", settings) with { Key = new CampaignKey(tenant, "1"), OrganizationId = id };
    }
}
