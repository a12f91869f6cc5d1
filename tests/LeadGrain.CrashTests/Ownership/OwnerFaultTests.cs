using LeadGrain.CrashTests.Keys;
using LeadGrain.CrashTests.Postgres;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Ownership;

/// <summary>Clients with keys while the embedded host's ownership suffers.</summary>
public sealed class OwnerFaultTests(ITestOutputHelper output)
{
    private const string Term = "select term from embedded_owner";

    [Fact]
    public async Task The_connection_that_holds_the_lock_is_cut()
    {
        var random = Seed.Next(output);
        await using var server = await FaultyServer.StartAsync();
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString });
        await using var run = KeyedRun.Start(output, random, grid.Url);
        var term = await server.AskAsync<long>(Term);
        var rounds = KeyedRun.Rounds(3);
        for (var round = 0; round < rounds; round++)
        {
            await run.SufferAsync("owner's lock connection cut", server.TerminateOwnerAsync);
        }

        await run.AssertWholeAsync();
        Assert.Equal(term + rounds, await server.AskAsync<long>(Term));
    }

    [Fact]
    public async Task A_server_that_stands_still_for_less_than_the_owners_patience_costs_no_ownership()
    {
        var random = Seed.Next(output);
        await using var server = await FaultyServer.StartAsync();
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString });
        await using var run = KeyedRun.Start(output, random, grid.Url);
        var term = await server.AskAsync<long>(Term);

        await run.SufferAsync("server suspended for 3 s", () => server.StallAsync(TimeSpan.FromSeconds(3)));

        await run.AssertWholeAsync();
        Assert.Equal(term, await server.AskAsync<long>(Term));
    }
}
