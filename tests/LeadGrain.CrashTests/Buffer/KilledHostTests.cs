using LeadGrain.CrashTests.Keys;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Buffer;

public sealed class KilledHostTests(ITestOutputHelper output)
{
    private const int Kills = 3;
    private const int Clients = 8;

    [Fact]
    public async Task Killed_while_it_is_pulled_from_a_host_serves_no_lead_twice_and_loses_at_most_one_answer_for_each_client()
    {
        const int Pushed = 3_000;
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString };
        var ledger = new Ledger();
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var grid = await GridProcess.StartAsync(settings);
            using var client = new CampaignClient(grid.Url, "pulled");
            if (kill == 0)
            {
                await ledger.PushAsync(client, Pushed);
            }

            await AssertAccountAsync(client, kill);
            var until = ledger.Answered.Count + random.Next(1, Pushed / (Kills + 2));
            await using var load = Load.Start(Clients, () => ledger.PullAsync(client));
            await Eventually.Async("enough was answered", () => ledger.Answered.Count >= until);
            await grid.KillAsync();
        }

        await using var last = await GridProcess.StartAsync(settings);
        using var drainer = new CampaignClient(last.Url, "pulled");
        await AssertAccountAsync(drainer, Kills);
        ledger.Add(await drainer.DrainAsync());

        ledger.AssertNoneTwice();
        var served = await drainer.ServedAsync();
        Assert.Equal(ledger.Acknowledged.Single().Order(), served.Order());
        var unanswered = served.Except(ledger.Answered).Count();
        output.WriteLine($"{ledger.Answered.Count} answered, {unanswered} served and not answered after {Kills} kills");
        Assert.Equal(Pushed, ledger.Answered.Count + unanswered);
        Assert.InRange(unanswered, 0, Kills * Clients);
        Assert.Equal(new Counts(0, Pushed, 0), await drainer.CountsAsync());

        async Task AssertAccountAsync(CampaignClient client, int kills)
        {
            var counts = await client.CountsAsync();
            Assert.Equal(new Counts(Pushed - counts.Served, counts.Served, 0), counts);
            Assert.InRange(counts.Served - ledger.Answered.Count, 0, kills * Clients);
            ledger.AssertNoneTwice();
        }
    }

    [Fact]
    public async Task Killed_while_it_is_pushed_to_a_host_keeps_each_acknowledged_push_and_no_half_of_any_other()
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString };
        var ledger = new Ledger();
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var grid = await GridProcess.StartAsync(settings);
            using var client = new CampaignClient(grid.Url, "pushed");
            if (kill > 0)
            {
                await AssertAccountAsync(client);
            }

            var until = ledger.Acknowledged.Count + random.Next(1, 40);
            var sizes = new Random(random.Next());
            await using var load = Load.Start(Clients, () => ledger.PushAsync(client, SizeFrom(sizes)));
            await Eventually.Async("enough was acknowledged", () => ledger.Acknowledged.Count >= until);
            await grid.KillAsync();
        }

        await using var last = await GridProcess.StartAsync(settings);
        using var drainer = new CampaignClient(last.Url, "pushed");
        var counts = await AssertAccountAsync(drainer);
        var drained = await drainer.DrainInOrderAsync();

        // Drained from the buffer itself: an email that had been buffered twice would be skipped the second time, and count.
        Assert.Equal(new Counts(0, counts.Pushed, 0), await drainer.CountsAsync());
        Assert.Equal(counts.Pushed, drained.Count);
        ledger.Add(drained);
        ledger.AssertNoneTwice();
        var kept = ledger.AssertAllOrNothing(drained.ToHashSet());
        output.WriteLine($"{ledger.Acknowledged.Count} pushes acknowledged, {kept.Count} of {ledger.Unsure.Count} others kept, {drained.Count} leads");
        Assert.Equal(drained.Order(), ledger.Acknowledged.Concat(kept).SelectMany(push => push).Order());
        AssertInOrder(drained, ledger.Acknowledged.Concat(kept));

        async Task<Counts> AssertAccountAsync(CampaignClient client)
        {
            var counts = await client.CountsAsync();
            Assert.Equal(new Counts(counts.Pushed, 0, 0), counts);
            var acknowledged = ledger.Acknowledged.Sum(push => push.Length);
            Assert.InRange(counts.Pushed, acknowledged, acknowledged + ledger.Unsure.Sum(push => push.Length));
            return counts;
        }
    }

    [Fact]
    public async Task Killed_at_any_moment_a_host_loses_clients_with_keys_no_answer_and_hands_every_lead_out_once()
    {
        var random = Seed.Next(output);
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings
        {
            DatabaseUrl = database.ConnectionString,
            Port = GridSettings.LastingPort(),
            More = { ["LEASE_MAX_ATTEMPTS"] = "1" }, // so that each lead that comes back from a lease is dead
        };
        var grid = await GridProcess.StartAsync(settings);
        try
        {
            await using var run = KeyedRun.Start(output, random, grid.Url);
            for (var kill = 0; kill < KeyedRun.Rounds(Kills); kill++)
            {
                await run.SufferAsync("kill -9 of the host", () => grid.KillAsync(), async () =>
                {
                    await grid.DisposeAsync();
                    grid = GridProcess.Launch(settings);
                    if (random.Next(4) == 0)
                    {
                        // Also while it starts, at any point of it.
                        await Task.Delay(random.Next(1_500));
                        await grid.DisposeAsync();
                        grid = GridProcess.Launch(settings);
                    }
                });
            }

            await run.LeadsDieAsync();
            await run.AssertWholeAsync();
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    private static int SizeFrom(Random sizes)
    {
        lock (sizes)
        {
            return sizes.Next(1, 40);
        }
    }

    /// <summary>The leads of one push were served one after the other, in its order.</summary>
    private static void AssertInOrder(List<string> drained, IEnumerable<string[]> pushes)
    {
        var places = drained.Select((email, place) => (email, place)).ToDictionary(p => p.email, p => p.place);
        Assert.All(pushes, push => Assert.Equal(push, drained.Slice(places[push[0]], push.Length)));
    }
}
