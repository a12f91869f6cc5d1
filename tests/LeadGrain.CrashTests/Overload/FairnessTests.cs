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
    private const int Requests = 20;

    // Of medians the middle one counts: the disk of a shared machine stands still for seconds now and then.
    private const int Rounds = 3;

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
        var (rounds, answered) = (new List<Round> { new() }, new List<string>());
        await AskCalmlyAsync(calm, Emails("warm-up", WarmUp), rounds[0].Calm, answered);
        using var connections = new Connections(grid.Url);
        await using (var flood = Load.Start(requests.Select(request => (Func<Task>)(() => FloodAsync(connections, request, () => rounds[^1].Flood)))))
        {
            // A host that has just started compiles what a flood asks of it, and stands still for that.
            await Eventually.Async("the flood runs", () => rounds[0].Flood.Count > (batch < 10_000 ? 3_000 : 2));
            for (var n = 1; n <= Rounds; n++)
            {
                rounds = [.. rounds, new Round()];
                await AskCalmlyAsync(calm, Emails($"round-{n}", Requests), rounds[n].Calm, answered);
                await Eventually.Async("the flood goes on", () => rounds[^1].Flood.Count > 0);
                output.WriteLine($"{kind} {batch}: flood {rounds[n].Flood}; the other {rounds[n].Calm}");
            }
        }

        answered.AddRange(await calm.DrainInOrderAsync());
        string[] emails = [.. Emails("warm-up", WarmUp), .. Enumerable.Range(1, Rounds).SelectMany(n => Emails($"round-{n}", Requests))];
        Assert.Equal(emails.Order(), answered.Order());
        Assert.Equal(new Counts(0, emails.Length, 0), await calm.CountsAsync());

        // Behind all of the flood's requests it would take at least as long as they do. The milliseconds are a benchmark's.
        var measured = rounds.Skip(1).ToList();
        Assert.InRange(measured.Select(round => round.Calm.Percentile(50) / round.Flood.Percentile(50)).Order().ElementAt(Rounds / 2), 0, share);
        Assert.InRange(
            Latencies.Of(measured.Select(round => round.Calm)).Percentile(batch < 10_000 ? 90 : 99),
            0,
            4 * share * Latencies.Of(measured.Select(round => round.Flood)).Percentile(50));
    }

    private static async Task FloodAsync(Connections connections, byte[] request, Func<Latencies> latencies)
    {
        var start = Stopwatch.GetTimestamp();
        var connection = await connections.TakeAsync();
        var answer = await connection.AskAsync(request);
        connections.Put(connection);
        Assert.True(answer.Status == 200 || answer.IsShed || answer.IsThrottled, $"{answer}");
        latencies().Add(start);
    }

    /// <summary>Pushes and pulls in turn, one request each tenth of a second whether or not the last one is answered.</summary>
    private static async Task AskCalmlyAsync(CampaignClient client, string[] emails, Latencies latencies, List<string> answered)
    {
        var asked = new List<Task<Answer>>();
        using var pace = new PeriodicTimer(s_pace);
        for (var n = 0; n < emails.Length * 2 && await pace.WaitForNextTickAsync(); n++)
        {
            var due = Stopwatch.GetTimestamp();
            asked.Add(AskAsync(n % 2 == 0 ? client.PushAsync([emails[n / 2]]) : client.NextAsync(), due, latencies));
        }

        var answers = await Task.WhenAll(asked);
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        answered.AddRange(answers.Where(answer => answer.Email is not null).Select(answer => answer.Email!));
    }

    /// <summary>Of so many requests, of which each other one pushes.</summary>
    private static string[] Emails(string part, int requests) => [.. Enumerable.Range(0, requests / 2).Select(n => $"calm-{part}-{n}@example.com")];

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

    private sealed record Round
    {
        internal Latencies Flood { get; } = new();

        internal Latencies Calm { get; } = new();
    }
}
