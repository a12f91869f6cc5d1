using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LeadGrain.CrashTests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Overload;

/// <summary>As many waiting pulls as one organization may have.</summary>
[Collection(Alone.Name)]
public sealed partial class ParkedTests(ITestOutputHelper output)
{
    private const int Waiters = 5_000;

    // Connections are opened so many at a time, or the listener's queue would overflow.
    private const int AtOnce = 64;

    // A pool that grows by one thread for each that blocks would show with thousands of them.
    private const int MostThreads = 64;
    private const long MostMemoryEach = 60_000;

    [Fact]
    public async Task Five_thousand_waiting_pulls_cost_no_threads_and_one_push_answers_all()
    {
        await using var server = await FaultyServer.StartAsync();
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString });
        using var http = Client(grid.Url);
        await WarmUpAsync(http);
        var (threads, memory) = (Status(grid.Id, "Threads"), Status(grid.Id, "VmRSS") * 1024);

        using var doors = new SemaphoreSlim(AtOnce);
        var waiting = Enumerable.Range(0, Waiters).Select(_ => WaitAsync(http, doors)).ToList();
        await Eventually.Async("all wait", async () => await WaitingAsync(http, doors) == Waiters);
        var (moreThreads, moreMemory) = (Status(grid.Id, "Threads") - threads, Status(grid.Id, "VmRSS") * 1024 - memory);
        output.WriteLine($"{Waiters} waiting pulls: {moreThreads} threads and {moreMemory / 1e6:0} MB more than the {threads} threads and {memory / 1e6:0} MB before");

        var emails = Enumerable.Range(0, Waiters).Select(n => $"lead{n}@example.com").ToList();
        using (var pusher = new CampaignClient(grid.Url, "parked"))
        {
            Assert.Equal(200, (await pusher.PushAsync(emails)).Status);
        }

        Assert.Equal(emails.Order(), (await Task.WhenAll(waiting).WaitAsync(Eventually.Patience)).Order());
        Assert.InRange(moreThreads, int.MinValue, MostThreads);
        Assert.InRange(moreMemory, long.MinValue, Waiters * MostMemoryEach);
    }

    private static HttpClient Client(Uri url)
    {
        var http = new HttpClient { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        http.DefaultRequestHeaders.Add("X-App-Id", "crash");
        http.DefaultRequestHeaders.Add("X-Org-Id", "tests");
        return http;
    }

    /// <summary>So that what any load takes is not counted as the waiting's.</summary>
    private static async Task WarmUpAsync(HttpClient http)
        => await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            for (var n = 0; n < 20; n++)
            {
                await NextAsync(http, 0);
            }
        }));

    /// <summary>Waits for a lead, again and again.</summary>
    private static async Task<string> WaitAsync(HttpClient http, SemaphoreSlim doors)
    {
        while (true)
        {
            await doors.WaitAsync();
            var answer = NextAsync(http, 30);
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(100)));
            doors.Release();
            if (await answer is { } email)
            {
                return email;
            }
        }
    }

    private static async Task<string?> NextAsync(HttpClient http, int seconds)
    {
        using var content = new StringContent($$"""{"namespace":"parked","waitSeconds":{{seconds}}}""", null, "application/json");
        using var answer = await http.PostAsync(new Uri("/buffer/next", UriKind.Relative), content);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.True(answer.IsSuccessStatusCode, json.RootElement.ToString());
        return json.RootElement.TryGetProperty("lead", out var lead) ? lead.GetProperty("email").GetString() : null;
    }

    private static async Task<int> WaitingAsync(HttpClient http, SemaphoreSlim doors)
    {
        await doors.WaitAsync();
        var text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        doors.Release();
        return Waiting().Match(text) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    private static long Status(int process, string name)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(text => text.StartsWith($"{name}:", StringComparison.Ordinal));
        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^leadgrain_gateway_requests_waiting(?:\{[^}]*\})? (\d+)$", RegexOptions.Multiline)]
    private static partial Regex Waiting();
}
