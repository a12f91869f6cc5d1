using LeadGrain.CrashTests.Keys;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Cluster;

/// <summary>Two silos of the Orleans host, and the one that carries the namespace suffers.</summary>
public sealed class TwoSilosTests(ITestOutputHelper output)
{
    // Longer than the others take to see it: 2 probes of a second each, and its heartbeat.
    private static readonly TimeSpan s_cutOff = TimeSpan.FromSeconds(15);

    [Fact]
    public Task The_silo_that_is_killed() => RunAsync("kill -9 of one of two silos", victim => victim.KillAsync(), _ => Task.CompletedTask);

    /// <summary>It answers nobody, and goes on with what it had under way when the others have long replaced it.</summary>
    [Fact]
    public Task The_silo_that_is_cut_off() => RunAsync("one of two silos cut off", victim => victim.SuspendAsync(), async victim =>
    {
        await Task.Delay(s_cutOff); // the fault itself
        await victim.ResumeAsync();
        await victim.ExitAsync(); // it finds itself declared dead
    });

    private async Task RunAsync(string fault, Func<GridProcess, Task> strike, Func<GridProcess, Task> end)
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Port = GridSettings.LastingPort() };
        var victim = await GridProcess.StartAsync(settings);
        try
        {
            var name = $"silos-{Guid.NewGuid():n}";
            using (var first = new CampaignClient(victim.Url, name))
            {
                // Alone as yet, it is the one that carries the namespace.
                Assert.Equal(200, (await first.PushAsync([])).Status);
                Assert.Null((await first.NextAsync()).Email);
            }

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
