using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Secrets;
using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Tests.Enrichment;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Campaigns;

/// <summary>A whole grid over a database of its own that pushes to a fake Smartlead, with waits of milliseconds.</summary>
internal sealed class CampaignRig : IAsyncDisposable
{
    internal static readonly Tenant Tenant = new("app", "org");

    private CampaignRig(TestDatabase database, FakeSmartlead smartlead, TestGrid grid, LogLines log, long organizationId) =>
        (Database, Smartlead, Grid, Log, OrganizationId) = (database, smartlead, grid, log, organizationId);

    internal TestDatabase Database { get; }

    internal FakeSmartlead Smartlead { get; }

    internal TestGrid Grid { get; private set; }

    internal long OrganizationId { get; }

    internal HttpClient Client => Grid.Client;

    /// <summary>All that the grid logged.</summary>
    internal LogLines Log { get; }

    internal static Task<CampaignRig> StartAsync(FakeSmartleadOptions? options = null, params (string Name, string Value)[] settings)
        => StartAsync(options, null, settings);

    /// <summary>One by this clock, which must run.</summary>
    internal static Task<CampaignRig> StartAsync(FakeTime time)
        => StartAsync(null, builder => LeaseGrid.Use(builder, time), [.. LeaseGrid.Settings]);

    private static async Task<CampaignRig> StartAsync(
        FakeSmartleadOptions? options, Action<WebApplicationBuilder>? configure, (string Name, string Value)[] settings)
    {
        var database = await TestDatabase.CreateAsync();
        var smartlead = await FakeSmartlead.StartAsync(options ?? new FakeSmartleadOptions { RateLimit = 1_000 });
        var log = new LogLines();
        var grid = await StartGridAsync(database, smartlead, log, settings, configure);
        var organizationId = await grid.Services.GetRequiredService<OrganizationStore>().FindOrAddAsync(Tenant);
        return new CampaignRig(database, smartlead, grid, log, organizationId);
    }

    /// <summary>Stops the grid and starts another.</summary>
    internal Task RestartAsync(params (string Name, string Value)[] settings) => RestartAsync(_ => { }, "select 1", settings);

    /// <summary>Stops the grid, changes what it left behind, and starts another, changed as well.</summary>
    internal async Task RestartAsync(Action<WebApplicationBuilder> configure, string between, params (string Name, string Value)[] settings)
    {
        await Grid.DisposeAsync();
        await ExecuteAsync(between);
        Grid = await StartGridAsync(Database, Smartlead, Log, settings, configure);
    }

    internal Task ExecuteAsync(string sql) => Database.ExecuteAsync(sql);

    internal ICampaignTarget Target(string kind) => Grid.Services.GetServices<ICampaignTarget>().Single(target => target.Kind == kind);

    internal ICampaignGrain Campaign(string id) => Grid.Services.GetRequiredService<IGrainFactory>()
        .GetGrain<ICampaignGrain>(new CampaignKey(Tenant, id).GrainKey);

    internal Task SetSecretAsync(string name, string value)
        => Grid.Services.GetRequiredService<SecretStore>().SetAsync(OrganizationId, name, value, "test");

    /// <summary>Sets a campaign of Smartlead's up. The fake's rate is the rate of the tests too, unless told.</summary>
    internal async Task PutSmartleadAsync(string id, object? settings = null)
    {
        using var response = await Client.PutAsync(
            new Uri($"/campaigns/{id}", UriKind.Relative),
            System.Net.Http.Json.JsonContent.Create(new { kind = "smartlead", settings = settings ?? new { rateLimit = 1_000 } }));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Sets the webhook "hook" up.</summary>
    internal async Task<JsonNode> PutWebhookAsync(string url, params int[] retryDelays)
    {
        using var response = await Client.PutAsJsonAsync("/campaigns/hook", new { kind = "webhook", url, retryDelays });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    /// <summary>Writes leads as routing does: the lead and its push in one commit.</summary>
    internal async Task<Guid[]> AddLeadsAsync(string campaign, params string[] emails)
    {
        var ids = emails.Select(_ => Guid.CreateVersion7()).ToArray();
        await using var command = Database.DataSource.CreateCommand(
            """
            with leads as (
                insert into routed_leads (
                    id, organization_id, email, email_key, persona, score, data, source, health, health_score, checks, status, campaign_id, created_at, updated_at)
                select l.id, $1, l.email, lower(trim(l.email)), 'VP Sales', 85,
                    json_build_object('email', l.email, 'first_name', 'Ada', 'company', 'Acme', 'lead_score', 85, 'team_size', 7),
                    'api', 'GREEN', 0, '[]', 'HELD', $2, now(), now()
                from unnest($3::uuid[], $4::text[]) as l (id, email)
            )
            insert into campaign_pushes (lead_id, organization_id, campaign_id) select id, $1, $2 from unnest($3::uuid[]) as l (id)
            """);
        command.Parameters.AddWithValue(OrganizationId);
        command.Parameters.AddWithValue(campaign);
        command.Parameters.AddWithValue(ids);
        command.Parameters.AddWithValue(emails);
        await command.ExecuteNonQueryAsync();
        return ids;
    }

    /// <summary>Adds one lead and waits for its fate.</summary>
    internal async Task<(Guid Id, PushFate Fate)> PushAsync(string campaign, string email, double seconds = 60)
    {
        var id = (await AddLeadsAsync(campaign, email)).Single();
        return (id, await Campaign(campaign).AwaitPushAsync(id, TimeSpan.FromSeconds(seconds), CancellationToken.None));
    }

    /// <summary>The lead's status, its push's state and attempts, and its last error.</summary>
    internal async Task<string> StateAsync(Guid id) => await TextAsync(
        "select concat_ws(' ', l.status, p.state, p.attempts, p.last_error) from routed_leads l join campaign_pushes p on p.lead_id = l.id where l.id = $1", id);

    /// <summary>The audit log of a lead or campaign, in order.</summary>
    internal Task<string> AuditAsync(object id) => TextAsync(
        "select coalesce(string_agg(action || coalesce(': ' || reason, ''), '; ' order by id), '') from audit_log where entity_id = $1", $"{id}");

    internal async Task<string> TextAsync(string sql, params object[] values) => $"{await Database.ScalarAsync<object?>(sql, values)}";

    /// <summary>Waits until a query answers so.</summary>
    internal Task EventuallyAsync(string expected, string sql, params object[] values) => Eventually.FindAsync(
        $"{expected} is answered to: {sql}", () => TextAsync(sql, values), found => found == expected, more: PushesAsync);

    public async ValueTask DisposeAsync()
    {
        await Grid.DisposeAsync();
        await Smartlead.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>All that is to be pushed and how leads stand, to see why what was waited for did not come.</summary>
    private Task<string> PushesAsync() => TextAsync(
        """
        select concat_ws(
            e'\n',
            'Now it is ' || now(),
            (select string_agg(concat_ws(' ', status, n), ', ') from (select status, count(*) as n from routed_leads group by 1) l),
            (select string_agg(p::text, e'\n') from (
                select campaign_id, state, attempts, due_at, intent_at, last_error from campaign_pushes order by 1, 2, 3 limit 100) p))
        """);

    private static Task<TestGrid> StartGridAsync(
        TestDatabase database, FakeSmartlead smartlead, LogLines log, (string Name, string Value)[] settings, Action<WebApplicationBuilder>? configure = null)
        => TestGrid.StartAsync(
            database,
            builder =>
            {
                builder.Logging.AddProvider(log);
                configure?.Invoke(builder);
            },
            [.. new[]
            {
                ("LOG_LEVEL", "debug"),
                ("SMARTLEAD_SERVICE_URL", smartlead.Url.ToString()),
                ("SMARTLEAD_API_KEY", smartlead.Options.ApiKey),
                ("Campaigns:SmartleadRateLimit", $"{smartlead.Options.RateLimit}"),
                ("Campaigns:SmartleadRateWindow", $"{smartlead.Options.Window}"),
                ("SECRET_KEYS", $"test:{Convert.ToBase64String(new byte[32])}"),
                ("Campaigns:RetryDelays", "0,0,0"),
                ("Campaigns:BreakerFirst", "00:00:00.050"),
                ("Campaigns:BreakerLongest", "00:00:00.200"),
            }.ExceptBy(settings.Select(s => s.Name), s => s.Item1).Concat(settings)]);
}
