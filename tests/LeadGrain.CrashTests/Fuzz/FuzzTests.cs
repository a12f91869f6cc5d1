using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using LeadGrain.Sandbox.Apollo;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>
/// Mutated requests at every route of a real host. FUZZ_REQUESTS sets their number; CRASH_SEED repeats a run, and with FUZZ_INDEX
/// sends, after those that are as documented, that one request only.
/// </summary>
[Collection(Alone.Name)]
public sealed class FuzzTests(ITestOutputHelper output)
{
    // What CONTRIBUTING.md promises, and as many requests as it takes; a longer run is asked for by FUZZ_REQUESTS.
    private const int LeastMutated = 100_000;
    private const int DefaultRequests = 108_000;

    private const string Document = "/openapi/v1.json";
    private const int Rounds = 12;
    private const int LoggedErrors = 5;

    [Fact]
    public async Task Whatever_is_sent_the_host_answers_as_documented_lives_and_does_not_grow()
    {
        var requests = Number("FUZZ_REQUESTS") ?? DefaultRequests;
        var seed = Seed.Take(output);
        await using var apollo = await FakeApollo.StartAsync(new FakeApolloOptions { RatePerMinute = null });
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var grid = await GridProcess.StartAsync(Settings(apollo, database));
        await SetSecretsAsync(grid.Url);
        var document = await DocumentAsync(grid.Url);
        var maker = new RequestMaker(document, seed);
        var run = new FuzzRun(maker, document, grid.Url.Port);
        if (Number("FUZZ_INDEX") is { } index)
        {
            await run.SendUpToAsync(maker.Plain);
            await run.SendOnlyAsync(index);
            output.WriteLine($"{maker.Make(index)}");
            AssertInOrder(run, grid, seed);
            return;
        }

        var memory = new MemoryTrend(grid.Id);
        var clock = Stopwatch.StartNew();
        await SendAsync(1, Rounds);
        if (run.Faults.Count == 0 && !memory.IsFlat)
        {
            await SendAsync(Rounds + 1, 2 * Rounds);
            memory.AssertStopped();
        }

        output.WriteLine($"{requests} requests, {run.Mutated} of them mutated, in {clock.Elapsed.TotalSeconds:0.0} s: {Words(run.Statuses())}");
        document.Operations.ForEach(operation => output.WriteLine($"{operation}: {Words(run.StatusesOf(operation))}"));
        output.WriteLine($"Memory in MB: {memory}");
        AssertInOrder(run, grid, seed);
        AssertAllWereReached(document, run, requests);
        Assert.True(requests < DefaultRequests || run.Mutated >= LeastMutated, $"{run.Mutated} of {requests} requests were mutated.");
        await AssertServesAsync(grid);

        async Task SendAsync(int from, int to)
        {
            for (var round = from; round <= to && run.Faults.Count == 0; round++)
            {
                await run.SendUpToAsync((int)((long)requests * round / Rounds));
                memory.Sample();
            }
        }
    }

    private static GridSettings Settings(FakeApollo apollo, TestDatabase database) => new()
    {
        DatabaseUrl = database.ConnectionString,
        More =
        {
            ["APOLLO_SERVICE_URL"] = apollo.Url.ToString(),
            ["APOLLO_SERVICE_API_KEY"] = apollo.ApiKey,
            ["EmbeddedHost__CollectionAge"] = "00:00:05", // what is idle goes within the run
        },
    };

    private static int? Number(string variable)
        => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>Those by which deliveries are proven.</summary>
    private static async Task SetSecretsAsync(Uri url)
    {
        foreach (var (org, name) in DeliveryProofs.Secrets)
        {
            using var http = new HttpClient { BaseAddress = url };
            http.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
            http.DefaultRequestHeaders.Add("X-App-Id", Sampler.App);
            http.DefaultRequestHeaders.Add("X-Org-Id", org);
            using var set = await http.PutAsJsonAsync($"/organization/secrets/{name}", new { value = DeliveryProofs.Secret });
            Assert.True(set.IsSuccessStatusCode, await set.Content.ReadAsStringAsync());
        }
    }

    private static async Task<ApiDocument> DocumentAsync(Uri url)
    {
        using var http = new HttpClient { BaseAddress = url };
        return new ApiDocument(await http.GetFromJsonAsync<JsonElement>(Document), Document, "/");
    }

    private static string Words(IEnumerable<KeyValuePair<int, int>> statuses)
        => string.Join(", ", statuses.Select(s => $"{s.Value} {(s.Key == FuzzRun.NoAnswer ? "unanswered" : $"{s.Key}")}"));

    private static void AssertInOrder(FuzzRun run, GridProcess grid, int seed)
    {
        Assert.False(grid.HasExited, grid.Output);
        string[] errors =
        [
            .. grid.Output.Split('\n')
                .Where(line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal) && !IsTheServersOwn(line, run))
                .Take(LoggedErrors),
        ];
        Assert.True(run.Faults.Count == 0, $"CRASH_SEED={seed}\n{string.Join('\n', run.Faults)}\n{string.Join('\n', errors)}");
        Assert.True(errors.Length == 0, $"CRASH_SEED={seed}\n{string.Join('\n', errors)}");
        Assert.Empty(run.Undocumented);
        Assert.DoesNotContain("@example.com", grid.Output, StringComparison.Ordinal); // no lead's data is logged, however it came in
    }

    // Of a client that hangs up within a body the server can find its own read ended and still under way. It says so as an error;
    // of a request that was answered it would be ours, unless a trailer is no text: that is answered 400, and the server then says
    // so of its own accord.
    private static bool IsTheServersOwn(string line, FuzzRun run)
    {
        if (!line.Contains("automatic draining of the request body failed", StringComparison.Ordinal))
        {
            return false;
        }

        if (line.Contains("OnTrailer", StringComparison.Ordinal))
        {
            return true;
        }

        using var entry = JsonDocument.Parse(line);
        return !run.AnsweredIds.ContainsKey(entry.RootElement.GetProperty("State").GetProperty("TraceIdentifier").GetString()!);
    }

    private static void AssertAllWereReached(ApiDocument document, FuzzRun run, int requests)
    {
        Assert.All(document.Operations, operation =>
        {
            var asked = run.StatusesOf(operation).Values.Sum();
            Assert.True(asked >= requests / 2_000, $"{operation} was asked {asked} times.");
        });

        // Wrongly proven are one in eight, and those that are spoiled where that breaks the proof.
        Assert.All(document.Operations.Where(operation => operation.IsDelivery), operation =>
        {
            var statuses = run.StatusesOf(operation);
            Assert.InRange(statuses.GetValueOrDefault(401), 1, statuses.Values.Sum() / 3);
        });

        // But for one: some take a thing that another request must have made, and that a third has not removed meanwhile.
        var never = document.Operations.Where(
            operation => operation.CanSucceed && !run.StatusesOf(operation).Keys.Any(status => status is >= 200 and < 300)).ToList();
        Assert.True(never.Count <= 1, $"Never succeeded: {string.Join(", ", never)}.");
    }

    private static async Task AssertServesAsync(GridProcess grid)
    {
        using var client = new CampaignClient(grid.Url, "after");
        Assert.Equal(200, await client.StatusAsync("/health/ready"));
        string[] emails = [.. Enumerable.Range(0, 500).Select(i => $"after-{i}@example.com")];
        Assert.Equal(200, (await client.PushAsync(emails)).Status);
        Assert.Equal(emails, await client.DrainInOrderAsync());
        Assert.Equal(new Counts(0, emails.Length, 0), await client.CountsAsync());
        Assert.Equal(0, await grid.StopAsync());
    }
}
