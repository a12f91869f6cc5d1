using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Sandbox.Smartlead;

namespace LeadGrain.CrashTests.Clock;

/// <summary>What is to happen after a time, or for a time only, put off on one host right before its clock is set, and looked for after that.</summary>
internal sealed class DueWork : IAsyncDisposable
{
    private const string Kept = "key-of-the-first-push";
    private const string Late = "late@example.com";
    private const int Imported = 500;

    // Far more than a machine needs that does much else, and far less than any clock is set by.
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(1);

    private readonly FakeSmartlead _smartlead;
    private readonly TestDatabase _database;
    private readonly CampaignClient _client;
    private readonly HttpClient _http;
    private readonly List<string> _held = [];
    private string _firstAnswer = "";
    private int _put;

    private DueWork(FakeSmartlead smartlead, TestDatabase database, Uri url)
    {
        (_smartlead, _database, _client) = (smartlead, database, new CampaignClient(url, "due"));
        _http = new HttpClient { BaseAddress = url };
        _http.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        _http.DefaultRequestHeaders.Add("X-App-Id", "crash");
        _http.DefaultRequestHeaders.Add("X-Org-Id", "tests");
    }

    /// <summary>What a host needs to be started with, so that it retries soon, and removes at once whatever key it takes for old.</summary>
    internal static Dictionary<string, string> Variables(FakeSmartlead smartlead) => new()
    {
        ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
        ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
        ["Campaigns__RetryDelays"] = string.Join(',', Enumerable.Repeat("5", 20)),
        ["Campaigns__SweepEvery"] = "00:00:01",
        ["Idempotency__RemoveEvery"] = "00:00:10",
    };

    /// <summary>Sets a campaign up, keeps an answer for its key, gives a lead back for longer than any clock is set by, and has leads to replay.</summary>
    internal static async Task<DueWork> StartAsync(FakeSmartlead smartlead, TestDatabase database, Uri url)
    {
        var work = new DueWork(smartlead, database, url);
        await MustAsync(work._http.PutAsJsonAsync("/campaigns/1", new { kind = "smartlead", settings = new { batchLimit = 1 } }));
        await MustAsync(work._http.PostAsJsonAsync("/routing/rules", new { target = new { campaign = "1" } }));
        work._firstAnswer = (await work.PushFirstAsync()).Body;
        await work.GiveBackAsync(TimeSpan.FromMinutes(30));
        var lines = Enumerable.Range(0, Imported).Select(n => string.Create(CultureInfo.InvariantCulture, $$"""{"email":"n{{n}}@b.c"}"""));
        using var content = new StringContent(string.Join('\n', lines), Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson"));
        await MustAsync(work._http.PostAsync("/crm/leads/import", content));
        return work;
    }

    /// <summary>Puts off, sets the clock, and finds what was put off in its time: neither an hour late, nor early.</summary>
    /// <param name="set">Sets the clock.</param>
    /// <param name="isTrue">Whether it is true before.</param>
    internal async Task OverStepAsync(Func<Task> set, bool isTrue)
    {
        var email = $"soon{++_put}@example.com";
        Assert.Equal(200, (await _client.PushAsync([email])).Status);
        var start = Stopwatch.GetTimestamp();
        await GiveBackAsync(s_delay);
        var job = isTrue ? await PutOffAsync() : Guid.Empty;

        await set();

        Answer? back = null;
        await Eventually.Async("the lead that was given back is there", async () => (back = await _client.NextAsync()).Email is not null, s_soon);
        Assert.Equal(email, back!.Email);
        Assert.InRange(Stopwatch.GetElapsedTime(start), s_delay, s_soon);
        var again = await PushFirstAsync();
        Assert.Equal((true, _firstAnswer), (again.Replayed, again.Body));
        if (isTrue)
        {
            await EndsAsync(job);
        }
        else
        {
            // By the wall clock, which is true again: whatever was held when it was before.
            await Eventually.Async("what was held is added", () => Added().Count == _held.Count, s_soon);
        }
    }

    /// <summary>All that was held was added once, and the lead that was given back for longer is not there yet.</summary>
    internal async Task AssertWholeAsync()
    {
        Assert.Equal(_held, Added());
        Assert.All(_smartlead.Book.Entries, entry => Assert.Equal(0, entry.Repeats));
        Assert.Null((await _client.NextAsync()).Email);
        var counts = await _client.CountsAsync();
        Assert.Equal((1, _put), (counts.Open, counts.Served));
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private List<string> Added() => [.. _smartlead.Book.Entries.Select(entry => entry.Email).Order()];

    private Task<Answer> PushFirstAsync() => _client.PushAsync([new PushedLead(Late)], Kept, Eventually.Patience);

    /// <summary>Leases the lead that waits and gives it back.</summary>
    private async Task GiveBackAsync(TimeSpan delay)
    {
        var leased = await _client.NextAsync(lease: 60, null, Eventually.Patience);
        var answer = await _client.SettleAsync("nack", leased.Lease!.Value, (int)delay.TotalSeconds, null, Eventually.Patience);
        Assert.Equal(200, answer.Status);
    }

    /// <summary>Has a push fail, so that it waits for its next attempt, and starts a replay.</summary>
    /// <returns>The replay's job.</returns>
    private async Task<Guid> PutOffAsync()
    {
        var email = $"held{_put}@crash.example";
        _smartlead.BehaveNext(1, new SmartleadBehavior.Fails(500));
        await MustAsync(_http.PostAsJsonAsync("/api/ingest?wait=0", new { email }));
        _held.Add(email);
        await Eventually.Async(
            "its push has failed", async () => await _database.ScalarAsync<long>("select count(*) from campaign_pushes where attempts > 0 and state <> 'sending'") == _held.Count);
        return (Guid)(await MustAsync(_http.PostAsJsonAsync("/raw/replay", new { from = "2020-01-01T00:00:00Z" })))["id"]!;
    }

    private async Task EndsAsync(Guid job)
    {
        JsonNode ended = null!;
        await Eventually.Async(
            "the replay ends", async () => (string?)(ended = (await _http.GetFromJsonAsync<JsonNode>($"/jobs/{job}"))!)["state"] is "done" or "failed", s_soon);
        Assert.Equal(("done", 0), ((string?)ended["state"], (int)ended["failed"]!));
        Assert.InRange((int)ended["done"]!, Imported, int.MaxValue);
    }

    private static async Task<JsonNode> MustAsync(Task<HttpResponseMessage> asking)
    {
        using var response = await asking;
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return response.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(body)! : new JsonObject();
    }
}
