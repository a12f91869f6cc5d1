using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using LeadGrain.Sandbox.Smartlead;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Campaigns;

/// <summary>Leads on their way to a Smartlead that fails now and then, from a host that is killed. CAMPAIGN_LEADS says how many.</summary>
public sealed class KilledPushTests(ITestOutputHelper output)
{
    private const int Kills = 2;

    private static readonly string[] s_campaigns = ["1", "2", "3"];
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(1);

    // Few in a request where there are few: enough requests that some fail.
    private static int BatchLimit => Leads < 2_000 ? 5 : 20;

    private static int Leads => int.TryParse(Environment.GetEnvironmentVariable("CAMPAIGN_LEADS"), CultureInfo.InvariantCulture, out var n) ? n : 600;

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
            var emails = Emails();
            var ingesting = IngestAsync(client, emails);
            for (var kill = 1; kill <= Kills; kill++)
            {
                var until = emails.Length * kill / (Kills + 2);
                await Eventually.Async("enough leads were added", () => smartlead.Book.Entries.Count >= until, TimeSpan.FromMinutes(10));
                await grid.DisposeAsync();
                output.WriteLine($"kill -9 with {smartlead.Book.Entries.Count} leads added");
                grid = await GridProcess.StartAsync(settings);
            }

            await ingesting;
            await Eventually.Async("no lead is held any more", async () => await CountAsync(database, "HELD") == 0, TimeSpan.FromMinutes(15));
            await MustHaveAllOnceAsync(database, smartlead, emails);
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    private async Task MustHaveAllOnceAsync(TestDatabase database, FakeSmartlead smartlead, string[] emails)
    {
        var book = smartlead.Book;
        var outcomes = book.Requests.GroupBy(request => request.Outcome).Select(group => $"{group.Count()} {group.Key}");
        output.WriteLine($"{book.Requests.Count} requests: {string.Join(", ", outcomes)}; {book.Entries.Sum(entry => entry.Repeats)} repeats, at most {book.Busiest(s_window)} in a window");

        Assert.All(book.Entries, entry => Assert.Equal(1, entry.Accepted));
        Assert.Equal(emails.Where(IsGood).Order(), book.Entries.Select(entry => entry.Email).Order());
        Assert.InRange(book.Busiest(s_window), 1, smartlead.Options.RateLimit);
        // The seed's table: pushed is ACTIVE; refused for good is DEAD; none is left HELD.
        Assert.Equal(emails.Count(IsGood), await CountAsync(database, "ACTIVE"));
        Assert.Equal(emails.Count(email => !IsGood(email)), await CountAsync(database, "DEAD"));
        Assert.Equal(
            emails.Length,
            await ScalarAsync(database, "select count(*) from audit_log where action = 'pushed_to_smartlead' or (action = 'push_failed' and reason in ('invalid email', 'unsubscribed'))"));
        Assert.Equal(emails.Count(IsGood), await ScalarAsync(database, "select sum(sent_count)::bigint from campaigns"));
    }

    private static bool IsGood(string email) =>
        !email.Contains("invalid", StringComparison.Ordinal) && !email.Contains("unsubscribed", StringComparison.Ordinal);

    private static GridSettings Settings(TestDatabase database, FakeSmartlead smartlead) => new()
    {
        DatabaseUrl = database.ConnectionString,
        Port = GridSettings.LastingPort(),
        More = new Dictionary<string, string>
        {
            ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
            ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
            ["Campaigns__CallTimeout"] = "00:00:03",
            ["Campaigns__RetryDelays"] = string.Join(',', Enumerable.Repeat("1", 30)),
            ["Campaigns__BreakerFirst"] = "00:00:00.500",
            ["Campaigns__SweepEvery"] = "00:00:02",
        },
    };

    /// <summary>Sets the campaigns and a rule for each up.</summary>
    private static async Task SetUpAsync(HttpClient client)
    {
        foreach (var id in s_campaigns)
        {
            using var put = await client.PutAsJsonAsync($"/campaigns/{id}", new { kind = "smartlead", settings = new { rateWindow = 1, batchLimit = BatchLimit } });
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
            using var rule = await client.PostAsJsonAsync("/routing/rules", new { persona = $"persona {id}", target = new { campaign = id } });
            Assert.True(rule.IsSuccessStatusCode, await rule.Content.ReadAsStringAsync());
        }
    }

    /// <summary>Ingests all leads, each again under its key until it is answered.</summary>
    private static Task IngestAsync(HttpClient client, string[] emails) => Parallel.ForEachAsync(
        emails.Select((email, i) => (email, i)),
        new ParallelOptions { MaxDegreeOfParallelism = 8 },
        async (lead, token) =>
        {
            var persona = $"persona {s_campaigns[lead.i % s_campaigns.Length]}";
            while (!await TryIngestAsync(client, lead.email, persona, token))
            {
                await Task.Delay(50, token);
            }
        });

    private static async Task<bool> TryIngestAsync(HttpClient client, string email, string persona, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/ingest?wait=0")
        {
            Content = JsonContent.Create(new { email, persona, lead_score = 85, company = "Acme" }),
        };
        request.Headers.Add("Idempotency-Key", email);
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            Assert.True(response.IsSuccessStatusCode || response.StatusCode is (HttpStatusCode)409 or (HttpStatusCode)429 or >= (HttpStatusCode)500, body);
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

    private static string[] Emails() => [.. Enumerable.Range(0, Leads)
        .Select(i => $"{(i % 40 == 7 ? "invalid" : i % 40 == 23 ? "unsubscribed" : "lead")}{i}@crash.example")];

    private static Task<long> CountAsync(TestDatabase database, string status)
        => ScalarAsync(database, $"select count(*) from routed_leads where status = '{status}'");

    private static async Task<long> ScalarAsync(TestDatabase database, string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
