using LeadGrain.Tests.Outbound;

namespace LeadGrain.Tests.Campaigns;

/// <summary>A host that stops while campaigns have much to push.</summary>
public sealed class CampaignStopTests
{
    private const int Leads = 2_000;

    [Fact]
    public async Task A_grid_that_stops_takes_no_more_of_a_backlog_records_what_is_under_way_and_nothing_is_sent_again()
    {
        await using var rig = await CampaignRig.StartAsync();
        using var turns = new SemaphoreSlim(0);
        await using var server = await LoopbackServer.Start((_, _) => turns.WaitAsync());
        await rig.PutWebhookAsync(server.Url);
        await rig.AddLeadsAsync("hook", [.. Enumerable.Range(0, Leads).Select(i => $"{i}@x.example")]);
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        await Eventually.Async("eight are asked", () => server.Requests.Count == 8);

        // Were the campaign not told, each answer would bring the next post, until all are through or the host has no more patience.
        var stopping = rig.Grid.App.StopAsync();
        await Eventually.Async("the grid has stopped", () => stopping.IsCompleted, between: () => turns.Release());
        await stopping;

        var asked = server.Requests.Count;
        Assert.InRange(asked, 8, Leads / 2);
        Assert.Equal(
            $"{asked} 0 {Leads - asked}",
            await rig.TextAsync(
                """
                select concat_ws(' ', count(*) filter (where state = 'sent'), count(*) filter (where state = 'sending'),
                    count(*) filter (where state = 'waiting' and attempts = 0)) from campaign_pushes
                """));
        turns.Release(Leads);
        await rig.RestartAsync();
        await rig.EventuallyAsync($"{Leads}", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal((Leads, Leads), (server.Requests.Count, server.Requests.DistinctBy(heard => heard.Headers["webhook-id"]).Count()));
    }
}
