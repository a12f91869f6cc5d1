using LeadGrain.Silo;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Processes;

/// <summary>A host with a private database, stopped and started again.</summary>
public sealed class StopTests(ITestOutputHelper output)
{
    private const int Clients = 8;
    private const int Pushed = 1_500;

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Asked_to_stop_under_load_a_host_answers_what_it_has_begun_stops_its_database_and_ends_with_0(string signal)
    {
        var random = Seed.Next(output);
        await using var folder = new GridFolder();
        var settings = new GridSettings { Folder = folder.Path };
        var ledger = new Ledger();
        await using (var grid = await GridProcess.StartAsync(settings))
        {
            using var client = new CampaignClient(grid.Url, "stopped");
            await ledger.PushAsync(client, Pushed);
            var until = random.Next(1, Pushed / 2);
            await using var load = Load.Start(Clients, () => ledger.PullAsync(client));
            await Eventually.Async("enough was answered", () => ledger.Answered.Count >= until);
            Assert.True(PostmasterFile.Read(folder.DataDirectory)!.IsRunning());

            Assert.Equal(0, await grid.StopAsync(signal));
        }

        Assert.Null(PostmasterFile.Read(folder.DataDirectory));
        var answered = ledger.Answered.Count;
        await using var second = await GridProcess.StartAsync(settings);
        using var drainer = new CampaignClient(second.Url, "stopped");
        Assert.Equal(new Counts(Pushed - answered, answered, 0), await drainer.CountsAsync());
        ledger.Add(await drainer.DrainAsync());
        output.WriteLine($"{answered} answered before the stop; {string.Join(", ", ledger.Refused.CountBy(r => r.Status ?? 0))}");
        ledger.AssertNoneTwice();
        Assert.Equal(ledger.Acknowledged.Single().Order(), ledger.Answered.Order());
        Assert.All(ledger.Refused, answer => Assert.True(answer.Status is null or 503));
        Assert.Equal(0, await second.StopAsync());
    }

    [Fact]
    public async Task A_host_killed_with_its_database_running_leaves_it_to_the_next_one()
    {
        await using var folder = new GridFolder();
        var settings = new GridSettings { Folder = folder.Path };
        await using (var killed = await GridProcess.StartAsync(settings))
        {
            using var client = new CampaignClient(killed.Url, "adopted");
            await client.PushAsync(["a@example.com"]);
            await killed.KillAsync();
        }

        var server = PostmasterFile.Read(folder.DataDirectory)!;
        Assert.True(server.IsRunning());
        await using var next = await GridProcess.StartAsync(settings);
        Assert.Equal(server.ProcessId, PostmasterFile.Read(folder.DataDirectory)!.ProcessId);
        using var again = new CampaignClient(next.Url, "adopted");
        Assert.Equal("a@example.com", (await again.NextAsync()).Email);
        Assert.Equal(0, await next.StopAsync());
        Assert.Null(PostmasterFile.Read(folder.DataDirectory));
    }

    [Fact]
    public async Task Asked_to_stop_while_it_starts_a_host_stops_its_database_and_ends_with_0()
    {
        await using var folder = new GridFolder();
        var settings = new GridSettings { Folder = folder.Path };
        await using var grid = GridProcess.Launch(settings);
        await Eventually.Async("the database starts", () => PostmasterFile.Read(folder.DataDirectory) is not null);

        Assert.Equal(0, await grid.StopAsync());

        // Its pid file may be left: a server that is only starting is killed, which is safe, rather than waited for.
        Assert.False(PostmasterFile.Read(folder.DataDirectory)?.IsRunning() ?? false);
        await using var next = await GridProcess.StartAsync(settings);
        Assert.Equal(0, await next.StopAsync());
        Assert.Null(PostmasterFile.Read(folder.DataDirectory));
    }
}
