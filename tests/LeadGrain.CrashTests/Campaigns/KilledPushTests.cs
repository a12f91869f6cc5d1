using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using LeadGrain.Sandbox.Smartlead;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Campaigns;

/// <summary>
/// Leads through ingest, gate, rules and push to a Smartlead that fails now and then, from a host that is killed. CAMPAIGN_LEADS
/// says how many.
/// </summary>
public sealed class KilledPushTests(ITestOutputHelper output)
{
    private const int Kills = 2;

#if ORLEANS_HOST
    private const int DefaultLeads = 600; // what depends on the host: the end of its process, and its start
#else
    private const int DefaultLeads = 10_000;
#endif

    private static readonly string[] s_campaigns = ["1", "2", "3"];
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1); // long before the host hangs up

    // Few in a request where there are few: enough requests that some fail.
    private static int BatchLimit => Leads < 2_000 ? 5 : 20;

    private static int Leads => int.TryParse(Environment.GetEnvironmentVariable("CAMPAIGN_LEADS"), CultureInfo.InvariantCulture, out var n) ? n : DefaultLeads;

    [Fact]
    public async Task Killed_while_it_pushes_a_host_adds_each_lead_once_loses_none_and_never_passes_the_rate()
    {
        var seed = Seed.Take(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions
        {
            Window = s_window, Faults = 0.05, Seed = seed, Shape = SmartleadShape.Either, Slowness = TimeSpan.FromSeconds(1.5),
        });
        var settings = Settings(database, smartlead);
        var grid = await GridProcess.StartAsync(settings);
        try
        {
            using var client = Client(settings.Port);
            await SetUpAsync(client);
            var leads = TableLead.Many(Leads, s_campaigns);
            await SuppressAsync(client, leads);
            var ingesting = IngestAsync(client, leads);
            var underWay = 0L;
            for (var kill = 1; kill <= Kills; kill++)
            {
                var until = leads.Length * kill / (Kills + 2);
                await Eventually.Async("enough leads were added", () => smartlead.Book.Entries.Count >= until, TimeSpan.FromMinutes(10));
                await grid.DisposeAsync();
                underWay += await database.ScalarAsync<long>("select count(*) from campaign_pushes where state = 'sending'");
                output.WriteLine($"kill -9 with {smartlead.Book.Entries.Count} leads added, {underWay} under way so far");
                grid = await GridProcess.StartAsync(settings);
            }

            await ingesting;
            await Eventually.Async(
                "no lead of a campaign is held any more",
                async () => await database.ScalarAsync<long>("select count(*) from routed_leads where status = 'HELD' and campaign_id is not null") == 0,
                TimeSpan.FromMinutes(15));
            await MustHaveAllOnceAsync(database, smartlead, leads, underWay);
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    private async Task MustHaveAllOnceAsync(TestDatabase database, FakeSmartlead smartlead, TableLead[] leads, long underWay)
    {
        var book = smartlead.Book;
        var outcomes = book.Requests.GroupBy(request => request.Outcome).Select(group => $"{group.Count()} {group.Key}");
        var (repeats, unheard) = (book.Entries.Sum(entry => entry.Repeats), book.Requests.Where(IsUnheard).Sum(request => request.Leads));
        output.WriteLine($"{book.Requests.Count} requests: {string.Join(", ", outcomes)}; {repeats} repeats of {unheard} unheard and {underWay} under way, at most {book.Busiest(s_window)} in a window");

        // Only what the host cannot know that it was taken is sent again.
        Assert.InRange(repeats, 0, unheard + underWay);
        Assert.Equal(leads.Where(lead => lead.Status == "ACTIVE").Select(lead => lead.Email).Order(), book.Entries.Select(entry => entry.Email).Order());
        Assert.InRange(book.Busiest(s_window), 1, smartlead.Options.RateLimit);
        Assert.Equal(leads.Select(lead => lead.Row).Order(), (await RowsAsync(database)).Order());
        Assert.Equal(
            leads.Count(lead => lead.Status is "ACTIVE" or "DEAD"),
            await database.ScalarAsync<long>("select count(*) from audit_log where action = 'pushed_to_smartlead' or (action = 'push_failed' and reason in ('invalid email', 'unsubscribed'))"));
        Assert.Equal(leads.Count(lead => lead.Status == "BLOCKED"), await database.ScalarAsync<long>("select count(*) from audit_log where action = 'blocked'"));
        Assert.Equal(leads.Count(lead => lead.Status == "HELD"), await database.ScalarAsync<long>("select count(*) from audit_log where action = 'unassigned'"));
        Assert.Equal(leads.Count(lead => lead.Status == "ACTIVE"), await database.ScalarAsync<long>("select sum(sent_count)::bigint from campaigns"));
    }

    /// <summary>Whether leads were taken and the host may not have heard of it: the answer was cut, or came when it may have hung up.</summary>
    private static bool IsUnheard(SmartleadRequest request)
        => request.Outcome.StartsWith("accepted, ", StringComparison.Ordinal) || request.Took >= s_soon;

    private static async Task<List<string>> RowsAsync(TestDatabase database)
    {
        await using var command = database.DataSource.CreateCommand(
            "select concat_ws(' ', email, health, status, case when campaign_id is null then 'no campaign' else 'campaign' end) from routed_leads");
        await using var row = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await row.ReadAsync())
        {
            rows.Add(row.GetString(0));
        }

        return rows;
    }

    private static GridSettings Settings(TestDatabase database, FakeSmartlead smartlead) => new()
    {
        DatabaseUrl = database.ConnectionString,
        Port = GridSettings.LastingPort(),
        More = new Dictionary<string, string>
        {
            ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
            ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
            ["Campaigns__SmartleadRateWindow"] = $"{s_window}",
            ["Campaigns__CallTimeout"] = "00:00:03",
            ["Campaigns__RetryDelays"] = string.Join(',', Enumerable.Repeat("1", 30)),
            ["Campaigns__BreakerFirst"] = "00:00:00.500",
            ["Campaigns__SweepEvery"] = "00:00:02",
        },
    };

    /// <summary>Sets Clay's secret, the campaigns and a rule for each up.</summary>
    private static async Task SetUpAsync(HttpClient client)
    {
        using var secret = await client.PutAsJsonAsync("/organization/secrets/clay-hmac", new { value = TableLead.ClaySecret });
        Assert.True(secret.IsSuccessStatusCode, await secret.Content.ReadAsStringAsync());
        foreach (var id in s_campaigns)
        {
            using var put = await client.PutAsJsonAsync($"/campaigns/{id}", new { kind = "smartlead", settings = new { rateWindow = 1, batchLimit = BatchLimit } });
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
            using var rule = await client.PostAsJsonAsync("/routing/rules", new { persona = $"persona {id}", target = new { campaign = id } });
            Assert.True(rule.IsSuccessStatusCode, await rule.Content.ReadAsStringAsync());
        }
    }

    private static async Task SuppressAsync(HttpClient client, TableLead[] leads)
    {
        using var response = await client.PostAsJsonAsync(
            "/suppressions", new { emails = leads.Where(lead => lead.Status == "BLOCKED").Select(lead => lead.Email), reason = "manual" });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Ingests all leads, each again as the same delivery until it is answered.</summary>
    private static Task IngestAsync(HttpClient client, TableLead[] leads) => Parallel.ForEachAsync(
        leads,
        new ParallelOptions { MaxDegreeOfParallelism = 8 },
        async (lead, token) =>
        {
            while (!await TryIngestAsync(client, lead, token))
            {
                await Task.Delay(50, token);
            }
        });

    private static async Task<bool> TryIngestAsync(HttpClient client, TableLead lead, CancellationToken cancellationToken)
    {
        using var request = lead.Request();
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            Assert.True(
                response.IsSuccessStatusCode
                    || response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable,
                $"{(int)response.StatusCode} {body}");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // the host is dead: it may have taken the lead or not
        }
    }

    private static HttpClient Client(string port)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        client.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        client.DefaultRequestHeaders.Add("X-App-Id", "crash");
        client.DefaultRequestHeaders.Add("X-Org-Id", "tests");
        return client;
    }
}
