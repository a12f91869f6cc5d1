using System.Net;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Routing;

namespace LeadGrain.Tests.Campaigns;

public sealed class FeedbackTests
{
    private const string Path = "/webhooks/smartlead?orgId=org&appId=app";

    [Theory]
    [InlineData("EMAIL_BOUNCE", "bounced", "bounced", "bounced")]
    [InlineData("EMAIL_REPLY", "replied", "", "")]
    [InlineData("LEAD_UNSUBSCRIBED", "unsubscribed", "unsubscribed", "suppressed")]
    [InlineData("SPAM_COMPLAINT", "complained", "complained", "complained")]
    public async Task An_event_sets_the_leads_engagement_feeds_the_suppression_list_and_is_audited_and_the_gate_knows_it(
        string name, string engagement, string suppressed, string check)
    {
        await using var rig = await StartAsync();
        var (id, _) = await rig.PushAsync("7", "ada@x.example");
        using var sandbox = new HttpClient { BaseAddress = rig.Smartlead.Url };

        var sent = await sandbox.PostAsync("/sandbox/webhooks", new { url = rig.Grid.App.Urls.Single() + Path, @event = name, campaign = "7", email = "ada@x.example" });

        Assert.Equal(200, (int)sent["status"]!);
        Assert.Equal(engagement, await rig.TextAsync("select engagement from routed_leads"));
        Assert.Equal(suppressed, await rig.TextAsync("select coalesce(string_agg(reason, ' '), '') from suppressions"));
        Assert.EndsWith($"lead_{engagement}", await rig.AuditAsync(id), StringComparison.Ordinal);
        var again = await rig.Client.IngestAsync(new { email = " Ada@X.example", persona = "CEO" });
        var judged = string.Join(' ', again["health"]!["checks"]!.AsArray().Select(one => (string)one!["name"]!));
        Assert.Equal((check.Length > 0 ? "BLOCKED" : "HELD", check), ((string)again["status"]!, judged));
    }

    [Fact]
    public async Task The_same_delivery_again_changes_nothing_and_a_lighter_event_does_not_hide_a_graver_one()
    {
        await using var rig = await StartAsync();
        var (id, _) = await rig.PushAsync("7", "ada@x.example");
        var bounce = """{"event_type":"EMAIL_BOUNCE","lead_email":"ADA@x.example "}""";

        Assert.Equal("""{"outcome":"taken"}""", (await SendAsync(rig, bounce, "r1")).Body);
        Assert.Equal("""{"outcome":"repeated"}""", (await SendAsync(rig, bounce, "r1")).Body);
        Assert.Equal("""{"outcome":"taken"}""", (await SendAsync(rig, """{"event_type":"EMAIL_REPLY","sl_email_lead_id":1000}""", "r2")).Body);

        Assert.Equal("bounced", await rig.TextAsync("select engagement from routed_leads"));
        Assert.Equal("pushed_to_smartlead; lead_bounced", await rig.AuditAsync(id));
    }

    [Fact]
    public async Task A_delivery_is_known_for_a_week_and_is_forgotten_and_new_then()
    {
        await using var rig = await StartAsync(("Campaigns:SweepEvery", "00:00:01"));
        const string Bounce = """{"event_type":"EMAIL_BOUNCE","lead_email":"ada@x.example"}""";
        foreach (var (id, age) in new[] { ("older", "7 days 1 minute"), ("younger", "6 days 23 hours") })
        {
            Assert.Equal("""{"outcome":"taken"}""", (await SendAsync(rig, Bounce, id)).Body);
            await rig.ExecuteAsync($"update feedback_deliveries set received_at = received_at - interval '{age}' where request_id = '{id}'");
        }

        await rig.EventuallyAsync("younger", "select string_agg(request_id, ' ') from feedback_deliveries");
        Assert.Equal("""{"outcome":"repeated"}""", (await SendAsync(rig, Bounce, "younger")).Body);
        Assert.Equal("""{"outcome":"taken"}""", (await SendAsync(rig, Bounce, "older")).Body);
    }

    [Fact]
    public async Task An_event_that_overtakes_our_record_of_the_push_finds_its_lead_by_the_email()
    {
        await using var rig = await StartAsync(("Campaigns:RetryDelays", "3600"));
        // As after a kill between the vendor's answer and our record: it has the lead, and we do not know.
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.AcceptAndCut());
        var (id, _) = await rig.PushAsync("7", "ada@x.example");
        Assert.StartsWith("HELD waiting 1", await rig.StateAsync(id), StringComparison.Ordinal);

        Assert.Equal(200, await rig.Smartlead.SendEventAsync(new Uri(rig.Grid.App.Urls.Single() + Path), "EMAIL_BOUNCE", "7", "ada@x.example"));

        Assert.Equal("bounced", await rig.TextAsync("select engagement from routed_leads"));
        Assert.EndsWith("lead_bounced", await rig.AuditAsync(id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_only_names_an_id_which_is_not_recorded_yet_is_kept_and_applied_with_the_record()
    {
        await using var rig = await StartAsync(("Campaigns:RetryDelays", "3600"), ("Campaigns:SweepEvery", "01:00:00"));
        rig.Smartlead.BehaveNext(1, new SmartleadBehavior.AcceptAndCut());
        var (id, _) = await rig.PushAsync("7", "ada@x.example");
        const string Bounce = """{"event_type":"EMAIL_BOUNCE","sl_email_lead_id":1000,"campaign_id":7}""";

        Assert.Equal("""{"outcome":"taken"}""", (await SendAsync(rig, Bounce, "r1")).Body);
        Assert.Equal("""{"outcome":"repeated"}""", (await SendAsync(rig, Bounce, "r1")).Body);
        Assert.Equal("", await rig.TextAsync("select engagement from routed_leads"));
        await rig.Client.PostAsync("/campaigns/7/retry", new { all = true });

        await rig.EventuallyAsync("ACTIVE bounced", "select concat_ws(' ', status, engagement) from routed_leads");
        Assert.Equal("bounced", await rig.TextAsync("select reason from suppressions"));
        Assert.EndsWith("pushed_to_smartlead: it was there already; lead_bounced", await rig.AuditAsync(id), StringComparison.Ordinal);
        Assert.Equal("0", await rig.TextAsync("select count(*) from kept_feedback"));
    }

    [Fact]
    public async Task A_kept_event_whose_record_comes_at_the_same_moment_is_applied_by_the_sweep()
    {
        await using var rig = await StartAsync(("Campaigns:SweepEvery", "00:00:01"));
        await rig.PushAsync("7", "ada@x.example");
        await rig.ExecuteAsync(
            "insert into kept_feedback select organization_id, 'r', '7', '1000', 'unsubscribed', now() from routed_leads");

        await rig.EventuallyAsync("unsubscribed", "select engagement from routed_leads");
    }

    [Fact]
    public async Task A_reply_in_one_campaign_is_no_reply_in_another()
    {
        await using var rig = await StartAsync();
        await rig.PutSmartleadAsync("8");
        var (id, _) = await rig.PushAsync("7", "ada@x.example");
        var (other, _) = await rig.PushAsync("8", "ada@x.example");

        await SendAsync(rig, """{"event_type":"EMAIL_REPLY","lead_email":"ada@x.example","campaign_id":7}""", "r1");
        await SendAsync(rig, """{"event_type":"EMAIL_REPLY","sl_email_lead_id":1000,"lead_email":"ada@x.example","campaign_id":"7"}""", "r2");
        await SendAsync(rig, """{"event_type":"EMAIL_REPLY","sl_email_lead_id":1001,"campaign_id":9}""", "r3");

        Assert.EndsWith("lead_replied", await rig.AuditAsync(id), StringComparison.Ordinal);
        Assert.Equal("pushed_to_smartlead", await rig.AuditAsync(other));
        await SendAsync(rig, """{"event_type":"LEAD_UNSUBSCRIBED","lead_email":"ada@x.example","campaign_id":8}""", "r4");
        Assert.Equal("replied unsubscribed", await rig.TextAsync("select string_agg(engagement, ' ' order by campaign_id) from routed_leads"));
    }

    [Theory]
    [InlineData("EMAIL_SENT")]
    [InlineData("EMAIL_OPEN")]
    [InlineData("LEAD_CATEGORY_UPDATED")]
    public async Task Other_events_are_answered_and_ignored(string name)
    {
        await using var rig = await StartAsync();

        Assert.Equal((HttpStatusCode.OK, """{"outcome":"ignored"}"""), await SendAsync(rig, $$"""{"event_type":"{{name}}"}""", "r"));
    }

    [Fact]
    public async Task Whoever_does_not_sign_with_the_organizations_secret_is_turned_away_whether_it_exists_or_not()
    {
        await using var rig = await StartAsync();
        const string Body = """{"event_type":"EMAIL_BOUNCE","lead_email":"ada@x.example"}""";

        foreach (var (path, signature) in new[]
        {
            (Path, null), (Path, "sha256="), (Path, "sha256=zz"), (Path, Sign("another", Body)), (Path, Sign(Secret(rig), Body + " ")),
            ("/webhooks/smartlead?orgId=nobody&appId=app", Sign(Secret(rig), Body)), ("/webhooks/smartlead?orgId=org", Sign(Secret(rig), Body)),
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(rig, Body, "r", signature ?? "", path)).Status);
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(rig, Body, "r", Sign(Secret(rig), Body), "/webhooks/smartlead")).Status);
        Assert.Equal("0", await rig.TextAsync("select count(*) from suppressions"));
    }

    [Fact]
    public async Task Bare_hex_and_the_secret_before_the_last_rotation_are_taken_and_nonsense_that_is_signed_is_not()
    {
        await using var rig = await StartAsync();
        await rig.SetSecretAsync("smartlead-webhook", "new");
        await rig.SetSecretAsync("smartlead-webhook-previous", "old");
        const string Body = """{"event_type":"EMAIL_OPEN"}""";

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, Body, "1", Sign("new", Body)["sha256=".Length..])).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, Body, "2", Sign("old", Body).ToUpperInvariant().Replace("SHA256", "sha256", StringComparison.Ordinal))).Status);
        foreach (var nonsense in new[] { "", "[]", "{", "{}", """{"event_type":"EMAIL_BOUNCE"}""" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(rig, nonsense, "3", Sign("new", nonsense))).Status);
        }
    }

    [Fact]
    public async Task An_email_that_comes_on_the_suppression_list_is_audited_once_also_where_no_lead_has_it()
    {
        await using var rig = await StartAsync();
        const string Bounce = """{"event_type":"EMAIL_BOUNCE","lead_email":"nobody@x.example"}""";

        await SendAsync(rig, Bounce, "r1");
        await SendAsync(rig, Bounce, "r2");

        Assert.Equal("smartlead bounced", await rig.TextAsync(
            """
            select string_agg(concat_ws(' ', a.actor, a.after->>'reason'), '; ')
            from audit_log a join suppressions s on encode(s.email_hash, 'hex') = a.entity_id
            where a.action = 'suppression_added' and a.entity = 'suppression'
            """));
    }

    [Theory]
    [InlineData("smartlead-webhook-previous", "new", "old")]
    [InlineData("smartlead-webhook", "old", "new")]
    public async Task A_secret_that_does_not_open_keeps_the_other_from_nothing(string broken, string other, string itself)
    {
        await using var rig = await StartAsync();
        await rig.SetSecretAsync("smartlead-webhook", "new");
        await rig.SetSecretAsync("smartlead-webhook-previous", "old");
        await rig.ExecuteAsync($"update organization_secrets set key_id = 'gone' where name = '{broken}'");
        const string Body = """{"event_type":"EMAIL_BOUNCE","lead_email":"ada@x.example"}""";

        Assert.Equal((HttpStatusCode.OK, """{"outcome":"taken"}"""), await SendAsync(rig, Body, "1", Sign(other, Body)));
        // It may come again when the ring is right, which a sender that is told 401 does not.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(rig, Body, "2", Sign(itself, Body))).Status);
        await rig.ExecuteAsync($"delete from organization_secrets where name = '{broken}'");
        await Eventually.Async(
            "a proof that no secret gives is refused", async () => (await SendAsync(rig, Body, "3", Sign(itself, Body))).Status == HttpStatusCode.Unauthorized);
    }

    private static async Task<CampaignRig> StartAsync(params (string Name, string Value)[] settings)
    {
        var rig = await CampaignRig.StartAsync(null, settings);
        await rig.SetSecretAsync("smartlead-webhook", Secret(rig));
        await rig.PutSmartleadAsync("7");
        return rig;
    }

    private static string Secret(CampaignRig rig) => rig.Smartlead.Options.WebhookSecret;

    private static string Sign(string secret, string body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)))}";

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(
        CampaignRig rig, string body, string requestId, string? signature = null, string path = Path)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, rig.Grid.App.Urls.Single() + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("X-Smartlead-Signature", signature ?? Sign(Secret(rig), body));
        request.Headers.Add("X-Request-Id", requestId);
        using var response = await client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
