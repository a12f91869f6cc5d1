using System.Diagnostics;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Ownership;

public sealed class StandbyTests(ITestOutputHelper output)
{
    private const int Clients = 6;
    private const int Pushed = 3_000;

    private static readonly TimeSpan s_ownerTimeout = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_standby_refuses_all_requests_while_the_owner_serves()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString };
        await using var owner = await GridProcess.StartAsync(settings);
        await using var standby = GridProcess.Launch(settings);
        await standby.ListeningAsync();
        using var first = new CampaignClient(owner.Url, "refused");
        using var second = new CampaignClient(standby.Url, "refused");
        await first.PushAsync(["a@example.com"]);

        Assert.Equal((200, 200), (await first.StatusAsync("/health/ready"), await first.StatusAsync("/health/live")));
        Assert.Equal((503, 200), (await second.StatusAsync("/health/ready"), await second.StatusAsync("/health/live")));
        Assert.Equal(503, (await second.NextAsync()).Status);
        Assert.Equal(503, (await second.PushAsync(["b@example.com"])).Status);
        Assert.Equal(503, await second.StatusAsync("/namespaces/refused"));
        Assert.Equal("a@example.com", (await first.NextAsync()).Email);
        Assert.Equal(0, await standby.StopAsync());
        Assert.DoesNotContain("is ready at", standby.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_owner_is_killed_the_standby_takes_over_and_clients_that_switch_get_no_lead_twice()
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString };
        await using var owner = await GridProcess.StartAsync(settings);
        await using var standby = GridProcess.Launch(settings);
        await standby.ListeningAsync();
        using var first = new CampaignClient(owner.Url, "taken-over");
        using var second = new CampaignClient(standby.Url, "taken-over");
        var ledger = new Ledger();
        await ledger.PushAsync(first, Pushed);
        await using (var load = Load.Start(Enumerable.Range(0, Clients).Select(_ => Switching(ledger, first, second))))
        {
            var until = random.Next(1, Pushed / 2);
            await Eventually.Async("enough was answered", () => ledger.Answered.Count >= until);
            var start = Stopwatch.StartNew();
            await owner.KillAsync();
            var answered = ledger.Answered.Count;
            await Eventually.Async("the standby serves", () => ledger.Answered.Count > answered);
            output.WriteLine($"take-over after kill -9: {start.Elapsed.TotalMilliseconds:0} ms");
        }

        await standby.ReadyAsync();
        Assert.Equal(200, await second.StatusAsync("/health/ready"));
        await AssertServedOnceAsync(ledger, second, mayBeUnanswered: Clients);
    }

    [Fact]
    public async Task A_suspended_owner_is_replaced_and_can_write_nothing_when_it_goes_on()
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings
        {
            DatabaseUrl = database.ConnectionString,
            More = new() { ["EmbeddedHost__OwnerTimeout"] = $"{s_ownerTimeout}", ["EmbeddedHost__Heartbeat"] = "00:00:01" },
        };
        await using var owner = await GridProcess.StartAsync(settings);
        await using var standby = GridProcess.Launch(settings);
        await standby.ListeningAsync();
        using var first = new CampaignClient(owner.Url, "suspended");
        using var second = new CampaignClient(standby.Url, "suspended");
        var ledger = new Ledger();
        await ledger.PushAsync(first, Pushed);
        await using var load = Load.Start(Clients, () => ledger.PullAsync(first));
        var until = random.Next(1, Pushed / 4);
        await Eventually.Async("enough was answered", () => ledger.Answered.Count >= until);

        var silent = Stopwatch.StartNew();
        await owner.SuspendAsync();
        await standby.ReadyAsync();
        output.WriteLine($"take-over from a suspended owner: {silent.Elapsed.TotalMilliseconds:0} ms of a timeout of {s_ownerTimeout.TotalMilliseconds} ms");
        for (var i = 0; i < 200; i++)
        {
            await ledger.PullAsync(second);
        }

        var (term, counts) = (await TermAsync(database), await second.CountsAsync());
        await owner.ResumeAsync();
        await Eventually.Async("the former owner stands by", () => owner.Output.Contains("standing by", StringComparison.Ordinal));
        await load.StopAsync();
        Assert.Equal(503, await first.StatusAsync("/health/ready"));
        Assert.Equal(503, (await first.NextAsync()).Status);
        Assert.Equal((term, counts), (await TermAsync(database), await second.CountsAsync()));
        Assert.False(owner.HasExited);
        Assert.All(ledger.Refused, answer => Assert.Equal(503, answer.Status));
        await AssertServedOnceAsync(ledger, second, mayBeUnanswered: Clients);

        await standby.KillAsync();
        await Eventually.Async("the former owner serves again", async () => await first.StatusAsync("/health/ready") == 200);
        Assert.Equal(200, (await first.NextAsync()).Status);
    }

    /// <summary>A client that stays with a host until that refuses, then goes to the other.</summary>
    private static Func<Task> Switching(Ledger ledger, CampaignClient here, CampaignClient there) => async () =>
    {
        if (!await ledger.PullAsync(here))
        {
            (here, there) = (there, here);
        }
    };

    private static Task<long> TermAsync(TestDatabase database) => database.ScalarAsync<long>("select term from embedded_owner");

    private async Task AssertServedOnceAsync(Ledger ledger, CampaignClient client, int mayBeUnanswered)
    {
        ledger.Add(await client.DrainAsync());
        ledger.AssertNoneTwice();
        var served = await client.ServedAsync();
        Assert.Equal(ledger.Acknowledged.Single().Order(), served.Order());
        Assert.Empty(ledger.Answered.Except(served));
        var unanswered = served.Except(ledger.Answered).Count();
        output.WriteLine($"{ledger.Answered.Count} answered, {unanswered} served and not answered, {ledger.Refused.Count} requests refused");
        Assert.InRange(unanswered, 0, mayBeUnanswered);
        Assert.Equal(new Counts(0, Pushed, 0), await client.CountsAsync());
    }
}
