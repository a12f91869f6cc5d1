using System.Diagnostics;
using LeadGrain.CrashTests.Keys;
using LeadGrain.Sandbox.Smartlead;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Clock;

/// <summary>The wall clock of a host is set by an hour while it serves.</summary>
public sealed class ClockStepTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    [SteppedClockFact]
    public async Task Under_load_nothing_that_is_due_later_comes_early_or_hangs_and_no_lead_is_handed_out_twice()
    {
        var random = Seed.Next(output);
        using var clock = new SteppedClock();
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var smartlead = await FakeSmartlead.StartAsync();
        var more = new Dictionary<string, string>([.. clock.Variables, .. DueWork.Variables(smartlead)]);
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = database.ConnectionString, More = more });
        await using var run = KeyedRun.Start(output, random, grid.Url);
        await using var due = await DueWork.StartAsync(smartlead, database, grid.Url);
        for (var round = 0; round < KeyedRun.Rounds(1); round++)
        {
            foreach (var (name, hours) in ((string, int)[])[("+1 h", 1), ("back to the true time", 0), ("-1 h", -1), ("on to the true time", 0)])
            {
                await due.OverStepAsync(() => StepAsync(run, clock, name, hours), isTrue: hours != 0);
            }
        }

        await due.AssertWholeAsync();
        await run.AssertWholeAsync();
    }

    [SteppedClockFact]
    public async Task A_lease_ends_after_its_length_when_the_clock_is_set_back_and_the_host_is_killed()
    {
        const int Seconds = 4;
        using var clock = new SteppedClock();
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, More = clock.Variables };
        await using (var grid = await GridProcess.StartAsync(settings))
        {
            using var client = new CampaignClient(grid.Url, "set-back");
            await client.PushAsync(["a@example.com"]);
            Assert.NotNull((await client.NextAsync(Seconds, null, Eventually.Patience)).Lease);
            clock.Set(-s_hour);
            await grid.KillAsync();
        }

        await using var next = await GridProcess.StartAsync(settings);
        using var again = new CampaignClient(next.Url, "set-back");
        var start = Stopwatch.StartNew();
        await Eventually.Async("the lead is back", async () => (await again.NextAsync()).Email is not null);
        output.WriteLine($"back {start.Elapsed.TotalSeconds:0.0} s after the start of the next host, of a lease of {Seconds} s");

        // By the clock that was set back it would have an hour to go; a busy machine takes some seconds.
        Assert.True(start.Elapsed < s_hour / 30, $"{start.Elapsed}");
    }

    private static Task<TimeSpan> StepAsync(KeyedRun run, SteppedClock clock, string name, int hours)
        => run.SufferAsync($"clock set {name}", () =>
        {
            clock.Set(hours * s_hour);
            return Task.CompletedTask;
        });
}
