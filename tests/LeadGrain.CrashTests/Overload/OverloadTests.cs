using System.Collections.Concurrent;
using System.Diagnostics;
using LeadGrain.CrashTests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Overload;

[Collection(Alone.Name)]
public sealed class OverloadTests(ITestOutputHelper output)
{
    private const int Organizations = 8;
    private const int NamespacesEach = 8;
    private const int Places = 256;
    private const double Enough = 0.8;

    // A shared machine's speed changes by a third from one ten seconds to the next: a flood is compared with the seconds around it.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_closedFor = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_openFor = TimeSpan.FromSeconds(2.5);

    // Beyond what a busy host takes that has all connections open: it holds as many requests as it has places, and four times as many
    // refusals back, 1,280 in all. 3 to 5 MB were measured; a refusal that left 4 kB behind would show.
    private const long MaxGrowth = 60_000_000;

    [Fact]
    public async Task At_three_times_its_capacity_a_host_sheds_and_goes_on_serving_80_percent_of_it()
    {
        // An open loop of bounded size, as clients with pools of connections are: what finds no free one is not sent.
        // By processor time: a neighbour that takes the disk for a second halves what a second is worth.
        var flood = await OverloadAsync(rounds: 5, openConnections: 1_000, leadsEach: 8_000, rate => rate.PerProcessorSecond);
        Assert.InRange(flood.Goodput, Enough, double.MaxValue);
    }

    [Fact]
    public async Task With_a_database_that_is_slow_to_commit_three_times_the_capacity_is_sent_whole_and_more_than_80_percent_of_it_served()
    {
        var flood = await OverloadAsync(
            rounds: 3, openConnections: 2_000, leadsEach: 1_000, rate => rate.PerSecond, "fsync = on\ncommit_delay = 100000\ncommit_siblings = 0");
        Assert.Equal(0, flood.Unsent);
        Assert.InRange(flood.Goodput, Enough, double.MaxValue);
    }

    /// <param name="rounds">How many floods are measured; twice as many where they leave it in doubt.</param>
    /// <param name="openConnections">Of the flood.</param>
    /// <param name="leadsEach">In each namespace.</param>
    /// <param name="measure">What goodput is counted by.</param>
    /// <param name="settings">Lines for postgresql.conf.</param>
    private async Task<Overloaded> OverloadAsync(
        int rounds, int openConnections, int leadsEach, Func<Rate, double> measure, string? settings = null)
    {
        await using var server = await FaultyServer.StartAsync(settings: settings);
        await using var grid = await StartAsync(server);
        await using var processors = await Processors.PartAsync(grid, server);
        using var connections = new Connections(grid.Url);
        await connections.OpenAsync(openConnections);
        var pulls = await FillAsync(connections, leadsEach);

        await MeasureAsync(processors, () => FillAllPlacesAsync(connections, pulls, s_warmUp));
        var before = MemoryOf(grid);
        var closed = new List<Rate> { await MeasureAsync(processors, () => FillAllPlacesAsync(connections, pulls, s_closedFor)) };
        var open = new List<Rate>();
        var answers = new ConcurrentQueue<FloodAnswer>();
        var (sent, unsent, growth) = (0, 0, 0L);
        while (open.Count < rounds || (open.Count < 2 * rounds && Goodput(open, closed, measure) < Enough))
        {
            var asked = new List<Task>();
            open.Add(await MeasureAsync(processors, async () =>
            {
                var servedBefore = Served(answers);
                unsent += await FloodAsync(connections, pulls, 3 * closed[^1].PerSecond, answers, asked);
                return Served(answers) - servedBefore;
            }));

            // Those that are served once nothing more comes do not count.
            await Task.WhenAll(asked).WaitAsync(Eventually.Patience);
            sent += asked.Count;
            growth = Math.Max(growth, MemoryOf(grid) - before);
            closed.Add(await MeasureAsync(processors, () => FillAllPlacesAsync(connections, pulls, s_closedFor)));
        }

        Tell(open, closed);
        output.WriteLine($"sent {sent} ({unsent} found no connection), served {Served(answers)}, shed {answers.Count(answer => answer.IsShed)}; memory {before / 1e6:0} MB, grown by {growth / 1e6:0} MB");
        Assert.Equal(sent, answers.Count);
        Assert.InRange(growth, long.MinValue, MaxGrowth);
        await MustBeOverAsync(grid, pulls[0], answers);
        return new Overloaded(unsent, Goodput(open, closed, measure));
    }

    private static Task<GridProcess> StartAsync(FaultyServer server) => GridProcess.StartAsync(new GridSettings
    {
        DatabaseUrl = server.ConnectionString,
        More = new() { ["MAX_IN_FLIGHT"] = $"{Places}" },
    });

    private void Tell(List<Rate> open, List<Rate> closed) => output.WriteLine(
        $"capacities {string.Join(", ", closed)}; floods {string.Join(", ", open)}; goodput {Goodput(open, closed, rate => rate.PerSecond):P0} by time, "
        + $"{Goodput(open, closed, rate => rate.PerProcessorSecond):P0} by processor time");

    /// <summary>Part was served and part shed, each as it should be, and nothing of the flood stays: the next request is served.</summary>
    private static async Task MustBeOverAsync(GridProcess grid, byte[] pull, ConcurrentQueue<FloodAnswer> answers)
    {
        Assert.Contains(answers, answer => answer.IsShed);
        Assert.All(answers, answer => Assert.True(answer is { Status: 200, HasLead: true } || answer.IsShed || answer.IsThrottled, $"{answer}"));
        using var connection = await FloodConnection.OpenAsync(grid.Url);
        Assert.Equal(200, (await connection.AskAsync(pull)).Status);
    }

    private static int Served(IReadOnlyCollection<FloodAnswer> answers) => answers.Count(answer => answer.Status == 200);

    /// <summary>The median of the floods, each as a part of what the windows before and after it made.</summary>
    private static double Goodput(List<Rate> open, List<Rate> closed, Func<Rate, double> rate)
        => open.Select((flood, n) => rate(flood) / ((rate(closed[n]) + rate(closed[n + 1])) / 2)).Order().ElementAt(open.Count / 2);

    /// <returns>A pull for each namespace.</returns>
    private static async Task<List<byte[]>> FillAsync(Connections connections, int leadsEach)
    {
        var names = Enumerable.Range(0, Organizations * NamespacesEach).Select(n => (Org: $"org-{n % Organizations}", Namespace: $"ns-{n}")).ToList();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = Organizations }, async (name, _) =>
        {
            var connection = await connections.TakeAsync();
            var push = FloodConnection.Request(name.Org, "/buffer/push", Leads.Body(name.Namespace, "lead", leadsEach));
            Assert.Equal(200, (await connection.AskAsync(push)).Status);
            connections.Put(connection);
        });
        return [.. names.Select(name => FloodConnection.Request(name.Org, "/buffer/next", $$"""{"namespace":"{{name.Namespace}}"}"""))];
    }

    private static async Task<Rate> MeasureAsync(Processors processors, Func<Task<int>> serve)
    {
        var (taken, start) = (processors.Taken, Stopwatch.GetTimestamp());
        var served = await serve();
        return new Rate(served / Stopwatch.GetElapsedTime(start).TotalSeconds, served / (processors.Taken - taken));
    }

    /// <summary>A closed loop that fills all places.</summary>
    /// <returns>Served leads.</returns>
    private static async Task<int> FillAllPlacesAsync(Connections connections, List<byte[]> pulls, TimeSpan time)
    {
        var served = 0;
        var start = Stopwatch.GetTimestamp();
        await using (Load.Start(Enumerable.Range(0, Places).Select(n => (Func<Task>)(async () =>
        {
            var connection = await connections.TakeAsync();
            Assert.Equal(200, (await connection.AskAsync(pulls[n % pulls.Count])).Status);
            connections.Put(connection);
            Interlocked.Increment(ref served);
        }))))
        {
            await Eventually.Async("it is measured", () => Stopwatch.GetElapsedTime(start) > time);
        }

        return served;
    }

    /// <returns>How many found no connection when they were due.</returns>
    private static async Task<int> FloodAsync(
        Connections connections, List<byte[]> pulls, double perSecond, ConcurrentQueue<FloodAnswer> answers, List<Task> asked)
    {
        var unsent = 0;
        var start = Stopwatch.GetTimestamp();
        for (var all = (int)(perSecond * s_openFor.TotalSeconds); asked.Count + unsent < all;)
        {
            for (var due = Math.Min(all, (int)(perSecond * Stopwatch.GetElapsedTime(start).TotalSeconds)); asked.Count + unsent < due;)
            {
                if (connections.TryTake() is { } connection)
                {
                    asked.Add(AskAsync(connections, connection, pulls[asked.Count % pulls.Count], answers));
                }
                else
                {
                    unsent++;
                }
            }

            await Task.Delay(1);
        }

        return unsent;
    }

    private static async Task AskAsync(Connections connections, FloodConnection connection, byte[] pull, ConcurrentQueue<FloodAnswer> answers)
    {
        answers.Enqueue(await connection.AskAsync(pull));
        connections.Put(connection);
    }

    /// <summary>Resident bytes.</summary>
    private static long MemoryOf(GridProcess grid)
    {
        using var process = Process.GetProcessById(grid.Id);
        return process.WorkingSet64;
    }

    /// <param name="Unsent">Requests that found no connection when they were due.</param>
    /// <param name="Goodput">Served while requests came, as a part of the capacity around it, by the measure that was asked for.</param>
    private sealed record Overloaded(int Unsent, double Goodput);

    /// <param name="PerSecond">Served leads a second.</param>
    /// <param name="PerProcessorSecond">Served leads a second of the processor time of the host and its database.</param>
    private sealed record Rate(double PerSecond, double PerProcessorSecond)
    {
        public override string ToString() => $"{PerSecond:0}/s ({PerProcessorSecond:0})";
    }
}
