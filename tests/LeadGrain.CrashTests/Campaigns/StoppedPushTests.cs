using System.Net.Http.Json;
using LeadGrain.CrashTests.Processes;
using LeadGrain.Sandbox.Smartlead;

namespace LeadGrain.CrashTests.Campaigns;

/// <summary>A host that is asked to stop while a campaign has much to push.</summary>
public sealed class StoppedPushTests
{
    private const int Leads = 1_000;

    [Fact]
    public async Task Asked_to_stop_with_a_backlog_a_host_sends_no_more_of_it_ends_with_0_and_the_next_one_sends_no_lead_again()
    {
        await using var folder = new GridFolder();
        await using var smartlead = await FakeSmartlead.StartAsync(new FakeSmartleadOptions { RateLimit = 1_000 });
        // All of them take longer than a host has to stop.
        smartlead.BehaveAlways(new SmartleadBehavior.Delay(TimeSpan.FromMilliseconds(50), new SmartleadBehavior.Answer()));
        var settings = new GridSettings
        {
            Folder = folder.Path,
            More = new Dictionary<string, string>
            {
                ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
                ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
                ["Campaigns__SmartleadRateLimit"] = "1000",
            },
        };
        await using (var grid = await GridProcess.StartAsync(settings))
        {
            using var client = Client(grid.Url);
            await HoldAsync(client);
            await SendAsync(client.PostAsJsonAsync("/campaigns/7/resume", new { }));
            await smartlead.Book.ArrivedAsync(5);

            Assert.Equal(0, await grid.StopAsync());
        }

        Assert.InRange(smartlead.Book.Requests.Count, 5, Leads / 4);
        smartlead.BehaveAlways(new SmartleadBehavior.Answer());
        await using var second = await GridProcess.StartAsync(settings);
        await Eventually.Async("all are there", () => smartlead.Book.Entries.Count == Leads);
        Assert.Equal(0, await second.StopAsync());
        Assert.All(smartlead.Book.Entries, entry => Assert.Equal(0, entry.Repeats));
    }

    /// <summary>Takes leads in for a campaign that is paused.</summary>
    private static async Task HoldAsync(HttpClient client)
    {
        await SendAsync(client.PutAsJsonAsync("/campaigns/7", new { kind = "smartlead", settings = new { batchLimit = 1, rateLimit = 1_000 } }));
        await SendAsync(client.PostAsJsonAsync("/campaigns/7/pause", new { }));
        await SendAsync(client.PostAsJsonAsync("/routing/rules", new { target = new { campaign = "7" } }));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Leads),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (i, token) => await SendAsync(client.PostAsJsonAsync("/api/ingest?wait=0", new { email = $"{i}@acme.example" }, token)));
    }

    private static async Task SendAsync(Task<HttpResponseMessage> request)
    {
        using var response = await request;
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private static HttpClient Client(Uri url)
    {
        var client = new HttpClient { BaseAddress = url };
        client.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        client.DefaultRequestHeaders.Add("X-App-Id", "crash");
        client.DefaultRequestHeaders.Add("X-Org-Id", "tests");
        return client;
    }
}
