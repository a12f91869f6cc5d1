using System.Diagnostics;
using LeadGrain.CrashTests.Ingestion;
using LeadGrain.CrashTests.Keys;
using LeadGrain.CrashTests.Postgres;
using Npgsql;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Cluster;

/// <summary>Two silos of the Orleans host: the one that carries the namespace suffers, or the network between them.</summary>
public sealed class TwoSilosTests(ITestOutputHelper output)
{
    // Longer than the others take to see it: 2 probes of a second each, and its heartbeat.
    private static readonly TimeSpan s_cutOff = TimeSpan.FromSeconds(15);

    [Fact]
    public Task The_silo_that_is_killed() => RunAsync("kill -9 of one of two silos", victim => victim.KillAsync(), _ => Task.CompletedTask);

    /// <summary>Each takes the other for dead and may start its grains anew, until one sees itself buried.</summary>
    [RouteFact]
    public async Task Silos_that_reach_their_clients_and_the_database_but_not_each_other()
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var link = new SiloLink();
        GridSettings[] settings = [At(database, link.First), At(database, link.Second)];
        GridProcess[] silos = [await GridProcess.StartAsync(settings[0]), await GridProcess.StartAsync(settings[1])];
        try
        {
            await using var run = KeyedRun.Start(output, random, $"silos-{Guid.NewGuid():n}", silos.Select(silo => silo.Url));
            for (var round = 0; round < KeyedRun.Rounds(1); round++)
            {
                var start = 0L;
                await run.SufferAsync("silos cut off from each other", async () =>
                {
                    await link.CutAsync();
                    start = Stopwatch.GetTimestamp();
                }, lasts: true);
                await Eventually.Async("one of them gives up", () => silos.Any(silo => silo.HasExited));
                output.WriteLine($"one of them ended after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
                var lost = Array.FindIndex(silos, silo => silo.HasExited);
                await run.SufferAsync("silos cut off, one of them ended", () => Task.CompletedTask, lasts: true);
                Assert.False(silos[1 - lost].HasExited);

                await link.HealAsync();
                await silos[lost].DisposeAsync();
                silos[lost] = await GridProcess.StartAsync(settings[lost]);
            }

            await run.AssertWholeAsync();
        }
        finally
        {
            await link.HealAsync();
            foreach (var silo in silos)
            {
                await silo.DisposeAsync();
            }
        }
    }

    /// <summary>It answers nobody, and goes on with what it had under way when the others have long replaced it.</summary>
    [Fact]
    public Task The_silo_that_is_suspended() => RunAsync("one of two silos suspended", victim => victim.SuspendAsync(), async victim =>
    {
        await Task.Delay(s_cutOff); // the fault itself
        await victim.ResumeAsync();
        await victim.ExitAsync(); // it finds itself declared dead
    });

    /// <summary>The other one and its clients reach it, so nobody takes its grains from it; it can do nothing for them meanwhile.</summary>
    [RouteFact]
    public async Task A_silo_that_reaches_its_clients_and_the_other_silo_but_not_the_database()
    {
        var random = Seed.Next(output);
        await using var link = new SiloLink();
        var port = GridSettings.LastingPort();
        await using var server = await FaultyServer.StartAsync(settings: $"listen_addresses = '127.0.0.1,{link.First}'\nport = {port}");
        var address = new NpgsqlConnectionStringBuilder($"{server.ConnectionString};Port={port}") { Password = (await server.ClusterAsync()).Password };
        await using var victim = await GridProcess.StartAsync(At(link.First));
        var name = $"silos-{Guid.NewGuid():n}";
        await CarryAsync(victim, name);
        await using var other = await GridProcess.StartAsync(At("127.0.0.1"));
        await using var run = KeyedRun.Start(output, random, name, other.Url, victim.Url);
        await using var posts = await LeadRun.StartAsync(victim.Url);
        for (var round = 0; round < KeyedRun.Rounds(1); round++)
        {
            await run.SufferAsync("one of two silos cut off from the database for 15 s", async () =>
            {
                await link.CutAsync(link.First);
                await Task.Delay(s_cutOff / 2); // the fault itself, here and below
                var settled = run.Ledger.Settled;
                await Task.Delay(s_cutOff / 2);
                output.WriteLine($"{run.Ledger.Refused.Count} requests refused meanwhile");
                Assert.Equal(settled, run.Ledger.Settled);
                await link.HealAsync();
            });
        }

        await run.AssertWholeAsync();
        output.WriteLine(await posts.AssertWholeAsync());
        Assert.False(victim.HasExited || other.HasExited);

        GridSettings At(string host) => new() { DatabaseUrl = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Host = host }.ConnectionString };
    }

    /// <summary>Has a silo that is alone as yet be the one that carries a namespace.</summary>
    private static async Task CarryAsync(GridProcess silo, string name)
    {
        using var first = new CampaignClient(silo.Url, name);
        Assert.Equal(200, (await first.PushAsync([])).Status);
        Assert.Null((await first.NextAsync()).Email);
    }

    private static GridSettings At(TestDatabase database, string address) => new()
    {
        DatabaseUrl = database.ConnectionString,
        Port = GridSettings.LastingPort(),
        More = new() { ["ADVERTISED_IP"] = address },
    };

    private async Task RunAsync(string fault, Func<GridProcess, Task> strike, Func<GridProcess, Task> end)
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Port = GridSettings.LastingPort() };
        var victim = await GridProcess.StartAsync(settings);
        try
        {
            var name = $"silos-{Guid.NewGuid():n}";
            await CarryAsync(victim, name);
            await using var other = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = database.ConnectionString });
            await using var run = KeyedRun.Start(output, random, name, other.Url, victim.Url);
            for (var round = 0; round < KeyedRun.Rounds(1); round++)
            {
                await run.SufferAsync(fault, () => strike(victim), async () =>
                {
                    await end(victim);
                    await victim.DisposeAsync();
                    victim = GridProcess.Launch(settings);
                });
                await victim.ReadyAsync();
            }

            await run.AssertWholeAsync();
        }
        finally
        {
            await victim.DisposeAsync();
        }
    }
}
