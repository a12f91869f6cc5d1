using System.Diagnostics;
using LeadGrain.Silo;
using Npgsql;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>The database goes and comes back while the host lives on, and the host knows what it has not answered.</summary>
public sealed class DatabaseOutageTests(ITestOutputHelper output)
{
    private const int Pullers = 6;
    private const int Pushers = 2;
    private const int Outages = 4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Over_restarts_of_the_database_a_host_loses_no_lead_serves_none_twice_and_leaves_none_unanswered(bool immediate)
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync(folder.Options with { Durable = true });
        await RunAsync(server.ConnectionString, () => server.RestartAsync(immediate, CancellationToken.None));
    }

    [Fact]
    public async Task Over_the_ends_of_database_sessions_a_host_loses_no_lead_serves_none_twice_and_leaves_none_unanswered()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await RunAsync(database.ConnectionString, () => TerminateAsync(database.DataSource, "leadgrain-store"), moments: 20);
        await RunAsync(database.ConnectionString, () => TerminateAsync(database.DataSource, "leadgrain-owner"), moments: 4);
    }

    private static async Task TerminateAsync(NpgsqlDataSource database, string application)
    {
        await using var command = database.CreateCommand(
            """
            select count(pg_terminate_backend(pid)) from (
                select pid from pg_stat_activity
                where datname = current_database() and application_name = $1 order by random() limit 2
            ) chosen
            """);
        command.Parameters.AddWithValue(application);
        await command.ExecuteScalarAsync();
    }

    private async Task RunAsync(string connectionString, Func<Task> outage, int moments = Outages)
    {
        var random = Seed.Next(output);
        var name = $"outage-{Guid.NewGuid():n}";
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = connectionString });
        using var client = new CampaignClient(grid.Url, name);
        var ledger = new Ledger();
        await ledger.PushAsync(client, 1_000);
        await using (var load = Load.Start(
        [
            .. Enumerable.Repeat(() => ledger.PullAsync(client), Pullers),
            .. Enumerable.Repeat(() => ledger.PushAsync(client, 4), Pushers),
        ]))
        {
            for (var moment = 0; moment < moments; moment++)
            {
                await OutageAsync(outage, ledger, random);
            }
        }

        Assert.False(grid.HasExited);
        await AssertWholeAsync(ledger, client);
    }

    private async Task OutageAsync(Func<Task> outage, Ledger ledger, Random random)
    {
        var (until, acknowledged) = (ledger.Answered.Count + random.Next(1, 200), ledger.Acknowledged.Count);
        await Eventually.Async(
            "the host serves and takes leads", () => ledger.Answered.Count >= until && ledger.Acknowledged.Count > acknowledged);
        var start = Stopwatch.StartNew();
        await outage();
        var (over, served) = (start.Elapsed, ledger.Answered.Count);
        await Eventually.Async("the host serves again", () => ledger.Answered.Count > served + Pullers);
        output.WriteLine($"away for {over.TotalMilliseconds:0} ms, serving again {(start.Elapsed - over).TotalMilliseconds:0} ms later");
    }

    private async Task AssertWholeAsync(Ledger ledger, CampaignClient client)
    {
        var counts = await client.CountsAsync();
        ledger.Add(await client.DrainAsync());
        output.WriteLine($"{ledger.Answered.Count} answered, {ledger.Refused.Count} requests refused");

        Assert.All(ledger.Refused, answer => Assert.Equal(503, answer.Status));
        ledger.AssertNoneTwice();
        var kept = ledger.AssertAllOrNothing(ledger.Answered.ToHashSet());
        Assert.Equal(ledger.Acknowledged.Concat(kept).SelectMany(push => push).Order(), ledger.Answered.Order());
        Assert.Equal(ledger.Answered.Order(), (await client.ServedAsync()).Order());
        Assert.Equal(new Counts(0, counts.Pushed, counts.Skipped), await client.CountsAsync());
        Assert.Equal(0, counts.Skipped);
    }
}
