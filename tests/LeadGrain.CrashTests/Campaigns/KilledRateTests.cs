using System.Net.Http.Json;
using LeadGrain.CrashTests.Clock;
using LeadGrain.Sandbox.Smartlead;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Campaigns;

/// <summary>
/// The rate of a key, whose window is longer than a host takes to come back: who forgot the requests of the host before, or lost count
/// with the wall clock, would make too many.
/// </summary>
public sealed class KilledRateTests(ITestOutputHelper output)
{
    private const int Limit = 10;

    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Killed_after_the_last_request_that_the_window_has_room_for_the_next_host_waits_for_the_window()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions { RateLimit = Limit, Window = s_window });
        var settings = Settings(database, smartlead, []);
        await using (var grid = await GridProcess.StartAsync(settings))
        {
            await PushAsync(grid, Limit + 5);
            await smartlead.Book.ArrivedAsync(Limit).WaitAsync(Eventually.Patience);
            await grid.KillAsync();
        }

        await using var next = await GridProcess.StartAsync(settings);

        await MustKeepToTheRateAsync(smartlead, Limit + 5);
    }

    [SteppedClockFact]
    public Task Whose_clock_is_set_an_hour_forward_with_no_room_in_the_window_waits_for_the_window() => StepAsync(TimeSpan.FromHours(1));

    [SteppedClockFact]
    public Task Whose_clock_is_set_an_hour_back_with_no_room_in_the_window_waits_for_the_window() => StepAsync(TimeSpan.FromHours(-1));

    private async Task StepAsync(TimeSpan by)
    {
        using var clock = new SteppedClock();
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions { RateLimit = Limit, Window = s_window });
        await using var grid = await GridProcess.StartAsync(Settings(database, smartlead, clock.Variables));
        await PushAsync(grid, Limit + 1);
        await Eventually.Async(
            "the last lead waits for its turn",
            () => database.ScalarAsync<bool>("select count(*) filter (where state = 'sent') = 10 and count(*) filter (where state = 'sending') = 1 from campaign_pushes"));

        clock.Set(by);

        await MustKeepToTheRateAsync(smartlead, Limit + 1);
    }

    private async Task MustKeepToTheRateAsync(FakeSmartlead smartlead, int leads)
    {
        await Eventually.Async("all leads were added", () => smartlead.Book.Entries.Count == leads);
        var first = smartlead.Book.Requests[0].Time;
        output.WriteLine($"seconds: {string.Join(' ', smartlead.Book.Requests.Select(request => $"{(request.Time - first).TotalSeconds:0.0}"))}");

        Assert.InRange(smartlead.Book.Busiest(s_window), 1, Limit);
        Assert.DoesNotContain(smartlead.Book.Requests, request => request.Outcome == "throttled");
    }

    private static GridSettings Settings(TestDatabase database, FakeSmartlead smartlead, Dictionary<string, string> more) => new()
    {
        DatabaseUrl = database.ConnectionString,
        More = new Dictionary<string, string>(more)
        {
            ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
            ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
            ["Campaigns__LongestRateWait"] = "00:01:00", // in its turn, so that no due time of the wall clock's comes in between
            ["Campaigns__SweepEvery"] = "00:00:01",
        },
    };

    /// <summary>Sets a campaign up that sends one lead in a request, and has leads wait for it that it may send then as fast as it can.</summary>
    private static async Task PushAsync(GridProcess grid, int leads)
    {
        using var client = new HttpClient { BaseAddress = grid.Url };
        client.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        client.DefaultRequestHeaders.Add("X-App-Id", "crash");
        client.DefaultRequestHeaders.Add("X-Org-Id", "tests");
        var campaign = new { kind = "smartlead", settings = new { rateLimit = Limit, rateWindow = s_window.TotalSeconds, batchLimit = 1 } };
        await MustAsync(client.PutAsJsonAsync("/campaigns/1", campaign));
        await MustAsync(client.PostAsJsonAsync("/campaigns/1/pause", new { }));
        await MustAsync(client.PostAsJsonAsync("/routing/rules", new { target = new { campaign = "1" } }));
        for (var i = 0; i < leads; i++)
        {
            await MustAsync(client.PostAsJsonAsync("/api/ingest?wait=0", new { email = $"lead{i}@crash.example" }));
        }

        await MustAsync(client.PostAsJsonAsync("/campaigns/1/resume", new { }));
    }

    private static async Task MustAsync(Task<HttpResponseMessage> asking)
    {
        using var response = await asking;
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
