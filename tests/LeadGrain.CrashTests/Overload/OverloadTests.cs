using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LeadGrain.CrashTests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Overload;

[Collection(Alone.Name)]
public sealed class OverloadTests(ITestOutputHelper output)
{
    private const int Organizations = 8;
    private const int NamespacesEach = 8;
    private const int Places = 256;

    private static readonly TimeSpan s_closedFor = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_openFor = TimeSpan.FromSeconds(6);

    // What sockets, buffers and a full house of requests may take beyond what a busy host takes anyway.
    private const long MaxGrowth = 300_000_000;

    [Fact]
    public async Task At_three_times_its_capacity_a_host_sheds_and_goes_on_serving()
    {
        // An open loop of bounded size, as clients with pools of connections are: what finds no free one is not sent.
        var flood = await OverloadAsync(openConnections: 1_000, leadsEach: 8_000);
        // Without holding refusals back it is below 50 %.
        Assert.InRange(flood.Goodput, 0.6, double.MaxValue);
    }

    [Fact]
    public async Task With_a_database_that_is_slow_to_commit_three_times_the_capacity_is_sent_whole_and_more_than_80_percent_of_it_served()
    {
        var flood = await OverloadAsync(openConnections: 2_000, leadsEach: 1_000, "fsync = on\ncommit_delay = 100000\ncommit_siblings = 0");
        Assert.Equal(0, flood.Unsent);
        Assert.True(flood.Served < flood.Sent / 2, "Nothing was shed.");
        Assert.InRange(flood.Goodput, 0.8, double.MaxValue);
    }

    private async Task<Flood> OverloadAsync(int openConnections, int leadsEach, string? settings = null)
    {
        await using var server = await FaultyServer.StartAsync(settings: settings);
        await using var grid = await GridProcess.StartAsync(new GridSettings
        {
            DatabaseUrl = server.ConnectionString,
            More = new() { ["MAX_IN_FLIGHT"] = $"{Places}" },
        });
        await using var processors = await Processors.PartAsync(grid, server);
        using var connections = new Connections(grid.Url);
        await connections.OpenAsync(openConnections);
        var pulls = await FillAsync(connections, leadsEach);

        var capacity = await CapacityAsync(connections, pulls);
        var before = Memory(grid.Id);
        var answers = new ConcurrentQueue<FloodAnswer>();
        var (sent, unsent, goodput) = await FloodAsync(connections, pulls, 3 * capacity, answers);
        var growth = Memory(grid.Id) - before;

        var served = answers.Count(answer => answer.Status == 200);
        var after = await CapacityAsync(connections, pulls);
        output.WriteLine(
            $"capacity {capacity:0}/s before and {after:0}/s after; offered {3 * capacity:0}/s, sent {sent} ({unsent} found no connection); "
            + $"served {served}, shed {answers.Count - served}; goodput {goodput:0}/s, {goodput / Math.Max(capacity, after):P0} of the higher capacity; memory {before / 1e6:0} MB, grown by {growth / 1e6:0} MB");
        Assert.Equal(sent, answers.Count);
        Assert.All(answers, answer => Assert.True(answer is { Status: 200, HasLead: true } or { Status: 429 or 503, SaysWhenToRetry: true }, $"{answer}"));
        Assert.InRange(growth, long.MinValue, MaxGrowth);

        // Nothing of it stays: the next request is served.
        using var connection = await FloodConnection.OpenAsync(grid.Url);
        Assert.Equal(200, (await connection.AskAsync(pulls[0])).Status);
        return new Flood(sent, unsent, served, goodput / Math.Max(capacity, after));
    }

    private static async Task<List<byte[]>> FillAsync(Connections connections, int leadsEach)
    {
        var connection = await connections.TakeAsync();
        var pulls = new List<byte[]>();
        for (var n = 0; n < Organizations * NamespacesEach; n++)
        {
            var (org, ns) = ($"org-{n % Organizations}", $"ns-{n}");
            var push = FloodConnection.Request(org, "/buffer/push", Leads.Body(ns, "lead", leadsEach));
            Assert.Equal(200, (await connection.AskAsync(push)).Status);
            pulls.Add(FloodConnection.Request(org, "/buffer/next", $$"""{"namespace":"{{ns}}"}"""));
        }

        connections.Put(connection);
        return pulls;
    }

    /// <summary>Pulls a second in a closed loop that fills all places, after a warm-up as long.</summary>
    private static async Task<double> CapacityAsync(Connections connections, List<byte[]> pulls)
    {
        var served = 0;
        await using var load = Load.Start(Enumerable.Range(0, Places).Select(n => (Func<Task>)(async () =>
        {
            var connection = await connections.TakeAsync();
            Assert.Equal(200, (await connection.AskAsync(pulls[n % pulls.Count])).Status);
            connections.Put(connection);
            Interlocked.Increment(ref served);
        })));
        var warmedUp = Stopwatch.StartNew();
        await Eventually.Async("it is warm", () => warmedUp.Elapsed > s_closedFor);
        var (start, from) = (Stopwatch.GetTimestamp(), Volatile.Read(ref served));
        await Eventually.Async("it is measured", () => Stopwatch.GetElapsedTime(start) > s_closedFor);
        return (Volatile.Read(ref served) - from) / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<(int Sent, int Unsent, double Goodput)> FloodAsync(
        Connections connections, List<byte[]> pulls, double perSecond, ConcurrentQueue<FloodAnswer> answers)
    {
        var (sent, unsent) = (0, 0);
        var asked = new List<Task>();
        var start = Stopwatch.GetTimestamp();
        for (var all = (int)(perSecond * s_openFor.TotalSeconds); sent + unsent < all;)
        {
            for (var due = Math.Min(all, (int)(perSecond * Stopwatch.GetElapsedTime(start).TotalSeconds)); sent + unsent < due;)
            {
                if (connections.TryTake() is { } connection)
                {
                    asked.Add(AskAsync(connections, connection, pulls[sent++ % pulls.Count], answers));
                }
                else
                {
                    unsent++;
                }
            }

            await Task.Delay(1);
        }

        // Those that are served once nothing more comes do not count.
        var goodput = answers.Count(answer => answer.Status == 200) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Task.WhenAll(asked).WaitAsync(Eventually.Patience);
        return (sent, unsent, goodput);
    }

    private static async Task AskAsync(Connections connections, FloodConnection connection, byte[] pull, ConcurrentQueue<FloodAnswer> answers)
    {
        answers.Enqueue(await connection.AskAsync(pull));
        connections.Put(connection);
    }

    /// <summary>Resident bytes of a process.</summary>
    private static long Memory(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <param name="Sent">Requests.</param>
    /// <param name="Unsent">Those that found no connection when they were due.</param>
    /// <param name="Served">Those that were given a lead.</param>
    /// <param name="Goodput">Served a second while requests came, as a part of the capacity.</param>
    private sealed record Flood(int Sent, int Unsent, int Served, double Goodput);
}
