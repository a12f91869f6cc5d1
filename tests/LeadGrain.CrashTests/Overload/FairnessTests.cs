using System.Diagnostics;
using LeadGrain.CrashTests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Overload;

[Collection(Alone.Name)]
public sealed class FairnessTests(ITestOutputHelper output)
{
    private const int FloodConnections = 50;
    private const int Namespaces = 8;
    private const int WarmUp = 4;
    private const int Requests = 60;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData("pulling", 0, 2)]
    [InlineData("pushing", 100, 0.75)]
    [InlineData("pushing", 10_000, 0.125)]
    public async Task One_organizations_flood_leaves_another_its_service(string kind, int batch, double share)
    {
        await using var server = await FaultyServer.StartAsync();
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString });
        await using var processors = await Processors.PartAsync(grid, server);
        using var calm = new CampaignClient(grid.Url, "calm", org: "calm");
        var requests = batch > 0 ? Pushes(batch) : await PullsAsync(grid.Url);
        var (flooding, calmly, answered) = (new Latencies(), new Latencies(), new List<string>());
        await AskCalmlyAsync(calm, WarmUp, new Latencies(), answered);
        using var connections = new Connections(grid.Url);
        await using (var flood = Load.Start(requests.Select(request => (Func<Task>)(() => FloodAsync(connections, request, flooding)))))
        {
            // A host that has just started compiles what a flood asks of it, and stands still for that.
            await Eventually.Async("the flood runs", () => flooding.Count > (batch < 10_000 ? 1_000 : 2));
            await AskCalmlyAsync(calm, Requests, calmly, answered);
        }

        output.WriteLine($"{kind} {batch}: flood {flooding}; the other {calmly}");
        answered.AddRange(await calm.DrainInOrderAsync());
        Assert.Equal(Emails(WarmUp).Concat(Emails(Requests)).Order(), answered.Order());
        Assert.Equal(new Counts(0, (Requests + WarmUp) / 2, 0), await calm.CountsAsync());

        // Behind all of the flood's requests it would take at least as long as they do. The milliseconds are a benchmark's.
        Assert.InRange(calmly.Percentile(50), 0, share * flooding.Percentile(50));
        Assert.InRange(calmly.Percentile(batch < 10_000 ? 90 : 99), 0, 4 * share * flooding.Percentile(50));
    }

    private static async Task FloodAsync(Connections connections, byte[] request, Latencies latencies)
    {
        var start = Stopwatch.GetTimestamp();
        var connection = await connections.TakeAsync();
        var answer = await connection.AskAsync(request);
        connections.Put(connection);
        Assert.True(answer is { Status: 200 } or { Status: 429 or 503, SaysWhenToRetry: true }, $"{answer}");
        latencies.Add(start);
    }

    /// <summary>Pushes and pulls in turn, one request each tenth of a second whether or not the last one is answered.</summary>
    private static async Task AskCalmlyAsync(CampaignClient client, int requests, Latencies latencies, List<string> answered)
    {
        var asked = new List<Task<Answer>>();
        using var pace = new PeriodicTimer(s_pace);
        var emails = Emails(requests);
        for (var n = 0; n < requests && await pace.WaitForNextTickAsync(); n++)
        {
            var due = Stopwatch.GetTimestamp();
            asked.Add(AskAsync(n % 2 == 0 ? client.PushAsync([emails[n / 2]]) : client.NextAsync(), due, latencies));
        }

        var answers = await Task.WhenAll(asked);
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        answered.AddRange(answers.Where(answer => answer.Email is not null).Select(answer => answer.Email!));
    }

    private static string[] Emails(int requests) => [.. Enumerable.Range(0, requests / 2).Select(n => $"calm-{n}-of-{requests}@example.com")];

    private static async Task<Answer> AskAsync(Task<Answer> asked, long due, Latencies latencies)
    {
        var answer = await asked;
        latencies.Add(due);
        return answer;
    }

    private static List<byte[]> Pushes(int batch) => [.. Enumerable.Range(0, FloodConnections).Select(n =>
        FloodConnection.Request("flood", "/buffer/push", Leads.Body($"flood-{n % Namespaces}", $"f{n}", batch)))];

    private static async Task<List<byte[]>> PullsAsync(Uri url)
    {
        using var connection = await FloodConnection.OpenAsync(url);
        for (var n = 0; n < Namespaces * 2; n++)
        {
            var push = FloodConnection.Request("flood", "/buffer/push", Leads.Body($"flood-{n % Namespaces}", $"f{n}", 10_000));
            Assert.Equal(200, (await connection.AskAsync(push)).Status);
        }

        return [.. Enumerable.Range(0, FloodConnections).Select(n =>
            FloodConnection.Request("flood", "/buffer/next", $$"""{"namespace":"flood-{{n % Namespaces}}"}"""))];
    }
}
