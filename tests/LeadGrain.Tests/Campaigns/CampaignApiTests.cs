using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Grains.Outbound;
using LeadGrain.Silo;

namespace LeadGrain.Tests.Campaigns;

public sealed class CampaignApiTests
{
    [Fact]
    public async Task Campaigns_are_set_up_listed_by_pages_changed_and_removed()
    {
        await using var rig = await CampaignRig.StartAsync();
        foreach (var id in new[] { "a", "b/c", "d" })
        {
            await rig.PutSmartleadAsync(Uri.EscapeDataString(id));
        }

        var first = await rig.Client.ReadAsync("/campaigns?limit=2");
        var rest = await rig.Client.ReadAsync($"/campaigns?limit=2&next={first["next"]}");
        Assert.Equal(["a", "b/c", "d"], first["campaigns"]!.AsArray().Concat(rest["campaigns"]!.AsArray()).Select(campaign => (string)campaign!["id"]!));
        Assert.Null((string?)rest["next"]);

        await rig.PutSmartleadAsync("a", new { batchLimit = 7 });
        Assert.Equal(7, (int)(await rig.Client.ReadAsync("/campaigns/a"))["settings"]!["batchLimit"]!);
        using var deleted = await rig.Client.DeleteAsync(new Uri("/campaigns/a", UriKind.Relative));
        using var gone = await rig.Client.GetAsync(new Uri("/campaigns/a", UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (deleted.StatusCode, gone.StatusCode));
        Assert.Equal("campaign_created; campaign_changed; campaign_deleted", await rig.AuditAsync("a"));
    }

    [Fact]
    public async Task No_other_organization_sees_or_touches_a_campaign()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        using var other = rig.Grid.NewClient("app", "other");

        Assert.Empty((await other.ReadAsync("/campaigns"))["campaigns"]!.AsArray());
        foreach (var path in new[] { "pause", "resume", "secret" })
        {
            using var refused = await other.PostAsJsonAsync($"/campaigns/7/{path}", new { });
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }

        using var retry = await other.PostAsJsonAsync("/campaigns/7/retry", new { all = true });
        using var deleted = await other.DeleteAsync(new Uri("/campaigns/7", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (retry.StatusCode, deleted.StatusCode));
        Assert.Equal("active", (string)(await rig.Client.ReadAsync("/campaigns/7"))["state"]!);
    }

    [Theory]
    [InlineData("""{}""", "kind")]
    [InlineData("""{"kind":"fax"}""", "kind")]
    [InlineData("""{"kind":"smartlead","settings":{"batchLimit":0}}""", "batchLimit")]
    [InlineData("""{"kind":"smartlead","settings":{"returnLeadIds":"yes"}}""", "returnLeadIds")]
    [InlineData("""{"kind":"smartlead","settings":[]}""", "settings")]
    [InlineData("""{"kind":"webhook"}""", "url")]
    [InlineData("""{"kind":"webhook","url":"https://xn--ü.example"}""", "url")]
    [InlineData("""{"kind":"webhook","url":"https://x.example","retryDelays":[-1]}""", "retryDelays")]
    [InlineData("""{"kind":"namespace"}""", "namespace")]
    public async Task What_cannot_be_a_campaign_is_refused_by_its_member(string body, string member)
    {
        await using var rig = await CampaignRig.StartAsync();
        using var refused = await rig.Client.PutAsync(
            new Uri("/campaigns/7", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal(member, (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["member"]!);
    }

    [Fact]
    public async Task The_organizations_smartlead_settings_hold_for_all_campaigns_that_do_not_set_their_own()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("own", new { batchLimit = 3, rateLimit = 1_000 });
        await rig.PutSmartleadAsync("other", new { });
        using var put = await rig.Client.PutAsJsonAsync("/organization/smartlead", new { batchLimit = 2, rateLimit = 1_000 });
        Assert.Equal(2, (int)(await rig.Client.ReadAsync("/organization/smartlead"))["batchLimit"]!);

        foreach (var id in new[] { "own", "other" })
        {
            await rig.AddLeadsAsync(id, [.. Enumerable.Range(0, 6).Select(i => $"lead{i}@x.example")]);
            await rig.Campaign(id).WakeAsync(CancellationToken.None);
        }

        await rig.EventuallyAsync("12", "select count(*) from routed_leads where status = 'ACTIVE'");
        Assert.Equal([3, 3], rig.Smartlead.Book.Requests.Where(r => r.Campaign == "own").Select(r => r.Leads));
        Assert.Equal([2, 2, 2], rig.Smartlead.Book.Requests.Where(r => r.Campaign == "other").Select(r => r.Leads));
    }

    [Fact]
    public void The_key_in_the_url_is_kept_out_of_traces()
        => Assert.Equal(
            "https://server.smartlead.ai/api/v1/campaigns/1/leads?api_key=REDACTED",
            SpanRedaction.Url("https://server.smartlead.ai/api/v1/campaigns/1/leads?api_key=very-secret"));

    [Fact]
    public async Task Neither_keys_nor_leads_reach_the_log_whatever_fails()
    {
        await using var rig = await CampaignRig.StartAsync();
        await rig.PutSmartleadAsync("7");
        foreach (var status in new[] { 500, 422, 401 })
        {
            rig.Smartlead.BehaveNext(1, new LeadGrain.Sandbox.Smartlead.SmartleadBehavior.Fails(status));
            await rig.PushAsync("7", $"ada{status}@x.example");
        }

        Assert.Contains(rig.Log.Lines, line => line.Contains(" leads with 422, HTTP_422", StringComparison.Ordinal));
        foreach (var told in (string[])["x.example", "Ada", "Failed with"]) // what the vendor's words quote
        {
            Assert.DoesNotContain(rig.Log.Lines, line => line.Contains(told, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(rig.Log.Lines, line => line.Contains(rig.Smartlead.Options.ApiKey, StringComparison.Ordinal));
    }
}
