using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Tests.Outbound;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Campaigns;

public sealed class WebhookCampaignTests
{
    [Fact]
    public async Task A_lead_is_posted_signed_with_the_secret_that_was_told_once()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        var put = await rig.PutWebhookAsync(server.Url);
        var secret = (string)put["signingSecret"]!;

        var (id, fate) = await rig.PushAsync("hook", "ada@x.example");

        Assert.Equal(new PushFate.Pushed("webhook"), fate);
        var heard = server.Requests.Single();
        var body = JsonNode.Parse(heard.Text)!;
        Assert.Equal(("lead.pushed", "ada@x.example", $"{id}", "hook", "Acme"), (
            (string)body["type"]!, (string)body["data"]!["email"]!, (string)body["data"]!["leadId"]!,
            (string)body["data"]!["campaignId"]!, (string)body["data"]!["lead"]!["company"]!));
        Assert.Equal([Signature(secret, heard)], heard.Headers["webhook-signature"].Split(' '));
        Assert.Equal("pushed_to_webhook", await rig.AuditAsync(id));
        Assert.Equal(
            """{"status":"HELD"} {"status":"ACTIVE","campaign":"hook"}""",
            await rig.TextAsync("select before::text || ' ' || after::text from audit_log where entity_id = $1", $"{id}"));
        Assert.Null((await rig.PutWebhookAsync(server.Url))["signingSecret"]);
        Assert.Null((await rig.Client.ReadAsync("/campaigns/hook"))["signingSecret"]);
    }

    [Fact]
    public async Task After_a_rotation_posts_carry_the_new_and_the_old_signature()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        var old = (string)(await rig.PutWebhookAsync(server.Url))["signingSecret"]!;

        var made = (string)(await rig.Client.PostAsync("/campaigns/hook/secret", new { }))["signingSecret"]!;
        await rig.PushAsync("hook", "ada@x.example");

        var heard = server.Requests.Single();
        Assert.Equal([Signature(made, heard), Signature(old, heard)], heard.Headers["webhook-signature"].Split(' '));
    }

    [Fact]
    public async Task An_old_secret_that_does_not_open_signs_nothing_and_the_new_one_alone_does()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.PutWebhookAsync(server.Url);
        var made = (string)(await rig.Client.PostAsync("/campaigns/hook/secret", new { }))["signingSecret"]!;
        await rig.ExecuteAsync("update organization_secrets set key_id = 'gone' where name like 'webhook.previous%'");

        Assert.Equal(new PushFate.Pushed("webhook"), (await rig.PushAsync("hook", "ada@x.example")).Fate);

        var heard = server.Requests.Single();
        Assert.Equal([Signature(made, heard)], heard.Headers["webhook-signature"].Split(' '));
    }

    [Fact]
    public async Task A_campaign_whose_secrets_do_not_open_is_changed_and_repaired_by_a_new_secret_all_the_same()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.PutWebhookAsync("http://127.0.0.1:9/");
        await rig.Client.PostAsync("/campaigns/hook/secret", new { });
        await rig.ExecuteAsync("update organization_secrets set key_id = 'gone'");

        Assert.Null((await rig.PutWebhookAsync(server.Url))["signingSecret"]);
        var made = (string)(await rig.Client.PostAsync("/campaigns/hook/secret", new { }))["signingSecret"]!;
        await rig.PushAsync("hook", "ada@x.example");

        var heard = server.Requests.Single();
        Assert.Equal([Signature(made, heard)], heard.Headers["webhook-signature"].Split(' '));
        Assert.Equal("1", await rig.TextAsync("select count(*) from organization_secrets"));
    }

    [Fact]
    public async Task Each_attempt_has_the_same_id_and_body_and_its_own_time()
    {
        await using var rig = await CampaignRig.StartAsync();
        var failures = 2;
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = Interlocked.Decrement(ref failures) >= 0 ? 404 : 204;
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url, 2, 2); // times are in whole seconds

        var (id, fate) = await rig.PushAsync("hook", "ada@x.example");

        Assert.Equal(new PushFate.Failed("404"), fate);
        await rig.EventuallyAsync("ACTIVE", "select status from routed_leads");
        Assert.Equal("ACTIVE sent 3", await rig.StateAsync(id));
        Assert.Equal([$"lead_{id:n}"], server.Requests.Select(heard => heard.Headers["webhook-id"]).Distinct());
        Assert.Single(server.Requests.Select(heard => heard.Text).Distinct());
        Assert.Equal(3, server.Requests.Select(heard => heard.Headers["webhook-timestamp"]).Distinct().Count());
    }

    [Fact]
    public async Task An_address_without_tls_elsewhere_is_refused_and_redirects_are_not_followed()
    {
        await using var rig = await CampaignRig.StartAsync();
        foreach (var url in new[] { "http://example.com/", "ftp://127.0.0.1/", "nonsense", "https://user:password@example.com/" })
        {
            using var refused = await rig.Client.PutAsJsonAsync("/campaigns/hook", new { kind = "webhook", url });
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        await using var elsewhere = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = elsewhere.Url;
            return Task.CompletedTask;
        });
        await rig.PutWebhookAsync(server.Url, 3_600);

        Assert.Equal(new PushFate.Failed("307"), (await rig.PushAsync("hook", "ada@x.example")).Fate);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task A_campaign_that_is_removed_takes_its_secrets_along_and_one_of_its_id_is_told_a_new_one()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        var old = (string)(await rig.PutWebhookAsync(server.Url))["signingSecret"]!;
        await rig.Client.PostAsync("/campaigns/hook/secret", new { });
        using var deleted = await rig.Client.DeleteAsync(new Uri("/campaigns/hook", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Equal("0", await rig.TextAsync("select count(*) from organization_secrets"));
        Assert.Equal("2", await rig.TextAsync("select count(*) from audit_log where action = 'secret_deleted'"));

        var made = (string?)(await rig.PutWebhookAsync(server.Url))["signingSecret"];

        Assert.NotNull(made);
        Assert.NotEqual(old, made);
        await rig.PushAsync("hook", "ada@x.example");
        Assert.Equal([Signature(made, server.Requests.Single())], server.Requests.Single().Headers["webhook-signature"].Split(' '));
    }

    [Fact]
    public async Task A_secret_that_nobody_was_told_because_the_campaign_was_not_set_up_is_made_anew_and_one_that_was_told_is_kept()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.ExecuteAsync(
            """
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
            create trigger away before insert on campaigns for each statement execute function away()
            """);
        using var failed = await rig.Client.PutAsJsonAsync("/campaigns/hook", new { kind = "webhook", url = server.Url });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        var untold = Assert.Single(await SecretsAsync(rig));
        await rig.ExecuteAsync("drop trigger away on campaigns");

        var told = (string?)(await rig.PutWebhookAsync(server.Url))["signingSecret"];

        Assert.NotNull(told);
        Assert.NotEqual(untold, told);
        Assert.Null((await rig.PutWebhookAsync(server.Url))["signingSecret"]);
        Assert.Equal(told, (await SecretsAsync(rig))[0]);
        await rig.PushAsync("hook", "ada@x.example");
        Assert.Equal(Signature(told, server.Requests.Single()), server.Requests.Single().Headers["webhook-signature"].Split(' ')[0]);
    }

    [Fact]
    public async Task No_campaigns_secret_is_anothers_whatever_they_are_called()
    {
        await using var rig = await CampaignRig.StartAsync();
        await using var server = await LoopbackServer.Start((_, _) => Task.CompletedTask);
        await rig.PutWebhookAsync(server.Url);
        using var put = await rig.Client.PutAsJsonAsync("/campaigns/hook-previous", new { kind = "webhook", url = server.Url });
        var own = (string)JsonNode.Parse(await put.Content.ReadAsStringAsync())!["signingSecret"]!;
        await rig.Client.PostAsync("/campaigns/hook/secret", new { });

        await rig.PushAsync("hook-previous", "ada@x.example");

        Assert.Equal([Signature(own, server.Requests.Single())], server.Requests.Single().Headers["webhook-signature"].Split(' '));
    }

    [Fact]
    public async Task A_campaign_can_be_a_namespace_of_the_grid_itself()
    {
        await using var rig = await CampaignRig.StartAsync();
        using var put = await rig.Client.PutAsJsonAsync("/campaigns/own", new { kind = "namespace", @namespace = "pulled" });
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);

        var (id, fate) = await rig.PushAsync("own", "ada@x.example");

        Assert.Equal(new PushFate.Pushed("namespace"), fate);
        Assert.Equal("pushed_to_namespace", await rig.AuditAsync(id));
        Assert.Equal(["ada@x.example"], await rig.Client.DrainAsync("pulled"));
    }

    private static Task<IReadOnlyList<string>> SecretsAsync(CampaignRig rig)
        => rig.Grid.Services.GetRequiredService<CampaignSecrets>().SigningKeysAsync(rig.OrganizationId, "hook");

    private static string Signature(string secret, Heard heard) => StandardWebhook.Sign(
        [secret],
        heard.Headers["webhook-id"],
        DateTimeOffset.FromUnixTimeSeconds(long.Parse(heard.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture)),
        heard.Body);
}
