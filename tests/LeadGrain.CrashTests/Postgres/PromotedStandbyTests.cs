using System.Diagnostics;
using LeadGrain.CrashTests.Ingestion;
using LeadGrain.CrashTests.Keys;
using Npgsql;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>The database's primary is killed and its standby promoted: nothing that was answered is missing, and nothing is done twice.</summary>
public sealed class PromotedStandbyTests(ITestOutputHelper output)
{
    // In a second: each set of connections once, and each that keeps posts without a grain when it is opened.
    private const double MostTries = 30;

    // Generous for a machine that runs other things: the figure is printed.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task The_host_runs_on_and_finds_the_promoted_standby_by_itself()
    {
        for (var round = 0; round < KeyedRun.Rounds(1); round++)
        {
            var random = Seed.Next(output);
            await using var servers = await StandbyServer.StartAsync();
            await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = servers.ConnectionString });
            await using var run = KeyedRun.Start(output, random, grid.Url);
            await using var posts = await LeadRun.StartAsync(grid.Url);

            var took = await run.SufferAsync("primary killed, standby promoted", servers.Primary.KillAsync, servers.PromoteAsync);

            await run.AssertWholeAsync();
            output.WriteLine(await posts.AssertWholeAsync());
            Assert.InRange(took, TimeSpan.Zero, s_soon);
            Assert.False(grid.HasExited);
        }
    }

    [Fact]
    public async Task The_host_is_killed_with_the_primary_and_starts_on_the_promoted_standby()
    {
        var random = Seed.Next(output);
        await using var servers = await StandbyServer.StartAsync();
        var settings = new GridSettings { DatabaseUrl = servers.ConnectionString, Port = GridSettings.LastingPort() };
        var grid = await GridProcess.StartAsync(settings);
        try
        {
            await using var run = KeyedRun.Start(output, random, grid.Url);
            await using var posts = await LeadRun.StartAsync(grid.Url);

            var took = await run.SufferAsync("primary and host killed, standby promoted, host started", () => Task.WhenAll(servers.Primary.KillAsync(), grid.KillAsync()), async () =>
            {
                await grid.DisposeAsync();
                grid = GridProcess.Launch(settings);
                await servers.PromoteAsync();
            });

            await run.AssertWholeAsync();
            output.WriteLine(await posts.AssertWholeAsync());
            Assert.InRange(took, TimeSpan.Zero, s_soon);
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    /// <summary>
    /// Commits that wait for an absent standby are given up one after the other. PostgreSQL then says that they succeeded, and
    /// warns that they did on the primary only.
    /// </summary>
    [Fact]
    public async Task What_was_given_up_while_the_standby_was_away_was_not_answered()
    {
        var random = Seed.Next(output);
        await using var servers = await StandbyServer.StartAsync();
        var url = new NpgsqlConnectionStringBuilder(servers.ConnectionString) { CommandTimeout = 2 }.ConnectionString;
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = url });
        await using var run = KeyedRun.Start(output, random, grid.Url);
        await using var posts = await LeadRun.StartAsync(grid.Url);

        await run.SufferAsync(
            "standby away for 8 s, primary killed, standby started and promoted",
            async () =>
            {
                await servers.Standby.KillAsync();
                await Task.Delay(TimeSpan.FromSeconds(8)); // the fault itself: the time limit, several times over
                await servers.Primary.KillAsync();
            },
            async () =>
            {
                await servers.Standby.RestartAsync();
                await servers.PromoteAsync();
            });

        await run.AssertWholeAsync();
        output.WriteLine(await posts.AssertWholeAsync(mustRefuse: true));
        Assert.NotEmpty(run.Ledger.Refused);
    }

#if !ORLEANS_HOST
    [Fact]
    public async Task A_former_primary_that_comes_back_as_it_was_is_not_written_to()
    {
        var random = Seed.Next(output);
        await using var servers = await StandbyServer.StartAsync();
        var settings = new GridSettings { DatabaseUrl = servers.ConnectionString, Port = GridSettings.LastingPort() };
        var grid = await GridProcess.StartAsync(settings);
        try
        {
            await using var run = KeyedRun.Start(output, random, grid.Url);
            await using var posts = await LeadRun.StartAsync(grid.Url);
            await run.SufferAsync("primary killed, standby promoted", servers.Primary.KillAsync, servers.PromoteAsync);
            await servers.ReturnAsync();
            var before = await StateAsync(servers.Primary);
            var (sessions, start) = (await SessionsAsync(servers.Primary), Stopwatch.GetTimestamp());

            // All that could lead a host astray: new connections of the store, of the owner, and a host that knows nothing yet.
            await run.SufferAsync("sessions of the store ended", servers.Standby.TerminateAsync);
            await run.SufferAsync("owner's lock connection cut", servers.Standby.TerminateOwnerAsync);
            await run.SufferAsync("new primary restarted", () => servers.Standby.RestartAsync());
            await run.SufferAsync("kill -9 of the host", grid.KillAsync, async () =>
            {
                await grid.DisposeAsync();
                grid = GridProcess.Launch(settings);
            });

            Assert.Equal(before, await StateAsync(servers.Primary));

            // It is tried now and then, not at each command.
            var tried = (await SessionsAsync(servers.Primary) - sessions) / Stopwatch.GetElapsedTime(start).TotalSeconds;
            output.WriteLine($"former primary tried {tried:0.0} times a second");
            Assert.InRange(tried, 0, MostTries);
            await run.AssertWholeAsync();
            output.WriteLine(await posts.AssertWholeAsync());
            Assert.NotEqual(before, await StateAsync(servers.Standby));
            Assert.Contains("was replaced by another host", grid.Output, StringComparison.Ordinal);
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_primary_that_lives_on_when_its_standby_is_promoted_is_left()
    {
        var random = Seed.Next(output);
        await using var servers = await StandbyServer.StartAsync();
        var settings = new GridSettings { DatabaseUrl = servers.ConnectionString };
        await using var grid = await GridProcess.StartAsync(settings);
        await using var standby = GridProcess.Launch(settings);
        await standby.ListeningAsync();
        await using var run = KeyedRun.StartBalanced(output, random, grid.Url, standby.Url);

        // Without a standby to confirm them, commits on the former primary wait: what is done there is not answered. Whichever of the
        // hosts comes first has the new one.
        await run.SufferAsync("standby promoted beside its primary", servers.PromoteAsync);

        await run.AssertWholeAsync();
        Assert.False(grid.HasExited || standby.HasExited);
        Assert.Equal(1, await OwnersAsync(grid, standby));
    }

    private static Task<long> SessionsAsync(FaultyServer server) => server.AskAsync<long>("select sum(sessions)::bigint from pg_stat_database");

    private static async Task<int> OwnersAsync(params GridProcess[] hosts)
    {
        using var http = new HttpClient();
        var ready = await Task.WhenAll(hosts.Select(host => http.GetAsync(new Uri(host.Url, "/health/ready"))));
        return ready.Count(answer => answer.IsSuccessStatusCode);
    }
#endif

    /// <summary>All that a host writes when it takes a database, and what clients make it write.</summary>
    private static Task<string> StateAsync(FaultyServer server) => server.AskAsync<string>(
        """
        select concat_ws(' ', (select term from embedded_owner), (select sum(epoch) from namespaces), (select count(*) from buffered_leads),
            (select count(*) from served_leads), (select count(*) from idempotency_keys), (select count(*) from held_leads),
            (select count(*) from leads_raw), (select count(*) from ingest_keys), (select count(*) from leads))
        """);
}
