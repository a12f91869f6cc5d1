using LeadGrain.CrashTests.Keys;
using LeadGrain.CrashTests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Ingestion;

/// <summary>Who was told that a lead is taken finds it, whatever dies meanwhile.</summary>
public sealed class ZeroLossTests(ITestOutputHelper output)
{
    private const int Clients = 16;
    private const int Kills = 3;

#if ORLEANS_HOST
    private const int SecondsAway = 4;
    private const string CommitWait = "00:00:01";
#else
    private const int SecondsAway = 30; // what an operator needs to restart a server
    private const string CommitWait = "00:00:10"; // the default
#endif

    [Fact]
    public async Task Killed_while_leads_are_posted_a_host_loses_none_that_it_promised_and_makes_none_twice()
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Port = GridSettings.LastingPort() };
        var grid = await GridProcess.StartAsync(settings);
        try
        {
            using var ledger = new LeadLedger(grid.Url);
            await using (var load = Load.Start(Clients, ledger.PostAsync))
            {
                for (var kill = 0; kill < KeyedRun.Rounds(Kills); kill++)
                {
                    var until = ledger.Told + random.Next(100, 1_500);
                    await Eventually.Async("enough is taken", () => Enough(load, ledger, until));
                    await grid.DisposeAsync();
                    grid = await GridProcess.StartAsync(settings);
                }

                var last = ledger.Told + 100;
                await Eventually.Async("leads are taken again", () => Enough(load, ledger, last));
            }

            output.WriteLine(await ledger.AssertWholeAsync());
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    [Fact]
    public async Task While_its_database_is_away_a_host_promises_nothing_and_afterwards_finishes_what_was_left()
    {
        await using var server = await FaultyServer.StartAsync();
        // Twice of it is shorter than the database is away, so that those who post meanwhile are told.
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString, More = { ["Ingestion__CommitWait"] = CommitWait } });
        using var ledger = new LeadLedger(grid.Url);
        await using (var load = Load.Start(Clients, ledger.PostAsync))
        {
            await Eventually.Async("enough is taken", () => Enough(load, ledger, 500));
            var refused = ledger.Refused;
            await server.StallAsync(TimeSpan.FromSeconds(SecondsAway));
            Assert.InRange(ledger.Refused - refused, 1, int.MaxValue);
            var told = ledger.Told;
            await Eventually.Async("leads are taken again", () => Enough(load, ledger, told + 200));
            await server.RestartAsync();
            told = ledger.Told;
            await Eventually.Async("leads are taken after a restart", () => Enough(load, ledger, told + 200));
            for (var cut = 0; cut < 10; cut++)
            {
                await server.TerminateAsync();
                told = ledger.Told;
                await Eventually.Async("leads are taken after a cut", () => Enough(load, ledger, told + 50));
            }
        }

        Assert.False(grid.HasExited);
        output.WriteLine(await ledger.AssertWholeAsync());
    }

    [Fact]
    public async Task A_lead_that_a_crash_of_the_server_takes_back_is_made_again()
    {
        // Here a lead comes to the disk with the next post only, not within a second.
        await using var server = await FaultyServer.StartAsync(settings: "wal_writer_delay = '10s'");
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString });
        using var ledger = new LeadLedger(grid.Url);
        var takenBack = 0L;
        for (var crash = 0; crash < 10 && takenBack == 0; crash++)
        {
            await ledger.PostAsync();
            var made = await CountAsync();
            await server.RestartAsync(immediate: true);
            takenBack = made - await CountAsync();
            Assert.InRange(takenBack, 0, 1);
            await Eventually.Async("the lead is there again", async () => await CountAsync() == made);
        }

        Assert.Equal(1, takenBack);
        output.WriteLine(await ledger.AssertWholeAsync());

        Task<long> CountAsync() => server.AskAsync<long>("select count(*) from leads");
    }

    private static bool Enough(Load load, LeadLedger ledger, int leads)
    {
        load.ThrowIfFailed();
        return ledger.Told >= leads;
    }
}
