using System.Diagnostics;
using LeadGrain.CrashTests.Keys;
using Npgsql;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>Clients with keys while the database server suffers: none is lost, none handed out twice, no answer lost.</summary>
public sealed class ServerFaultTests(ITestOutputHelper output)
{
    private const int Few = 2;

    private const int PoolSize = 2;

    private static readonly TimeSpan s_poolTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan s_callTimeout = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task Sessions_ended_by_an_operator() => await RunAsync(async (run, server) =>
    {
        for (var round = 0; round < KeyedRun.Rounds(2 * Few); round++)
        {
            await run.SufferAsync("sessions of the store ended", server.TerminateAsync);
        }
    });

    [Fact]
    public async Task A_server_process_killed() => await RunAsync(async (run, server) =>
    {
        for (var round = 0; round < KeyedRun.Rounds(Few); round++)
        {
            await run.SufferAsync("kill -9 of a server process", server.KillSessionAsync);
        }
    });

    [Fact]
    public async Task An_immediate_stop() => await RunAsync(async (run, server) =>
    {
        for (var round = 0; round < KeyedRun.Rounds(Few); round++)
        {
            await run.SufferAsync("immediate stop and start of the server", () => server.RestartAsync());
        }
    });

    [Fact]
    public async Task A_server_that_stands_still_for_ten_seconds() => await RunAsync(
        async (run, server) =>
        {
            for (var round = 0; round < KeyedRun.Rounds(1); round++)
            {
                await run.SufferAsync("server suspended for 10 s", () => server.StallAsync(TimeSpan.FromSeconds(10)));
            }

            Assert.Contains(run.Ledger.Refused, answer => answer.Status == 503);
            Assert.True(run.Ledger.Slowest < s_callTimeout + s_slack, $"An answer took {run.Ledger.Slowest}.");
#if !ORLEANS_HOST
            // The owner gave up meanwhile and owns it anew: once, not still by its old session as well.
            Assert.True(await server.AskAsync<long>("select term from embedded_owner") > 1);
            Assert.Equal(1L, await server.AskAsync<long>(
                """
                select count(*) from pg_locks join pg_stat_activity using (pid)
                where locktype = 'advisory' and granted and application_name = 'leadgrain-owner'
                """));
#endif
        },
        callTimeout: s_callTimeout);

    [Fact]
    public async Task A_pool_run_dry_by_statements_that_wait() => await RunAsync(
        async (run, server) =>
        {
            for (var round = 0; round < KeyedRun.Rounds(1); round++)
            {
                await run.SufferAsync("all connections of the pool busy for 5 s or more", () => LockedOutAsync(run, server, TimeSpan.FromSeconds(5)));
            }
        },
        pool: $"Maximum Pool Size={PoolSize};Timeout={s_poolTimeout.TotalSeconds}");

    [Fact]
    public async Task A_server_without_a_free_connection() => await RunAsync(
        async (run, server) =>
        {
            for (var round = 0; round < KeyedRun.Rounds(1); round++)
            {
                await run.SufferAsync("no connection to be had for 2 s", () => OccupiedAsync(run, server, TimeSpan.FromSeconds(2)));
            }
        },
        settings: "max_connections = 20");

    private async Task RunAsync(Func<KeyedRun, FaultyServer, Task> suffer, string pool = "", string? settings = null, TimeSpan? callTimeout = null)
    {
        var random = Seed.Next(output);
        await using var server = await FaultyServer.StartAsync(settings: settings);
        await using var grid = await GridProcess.StartAsync(new GridSettings
        {
            DatabaseUrl = $"{server.ConnectionString};{pool}",
            More = callTimeout is { } limit ? new() { ["GRAIN_CALL_TIMEOUT"] = $"{limit}" } : [],
        });
        await using var run = KeyedRun.Start(output, random, grid.Url);
        await suffer(run, server);
        await run.AssertWholeAsync();
        Assert.False(grid.HasExited);
    }

    /// <summary>
    /// Locks the tables of the queue, so that every statement waits and holds its connection, until one that gets none in time
    /// has been refused. Clients of the queue may all wait for statements under way; a list needs a connection of its own.
    /// </summary>
    private static async Task LockedOutAsync(KeyedRun run, FaultyServer server, TimeSpan time)
    {
        await using var connection = await server.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var locking = new NpgsqlCommand("lock table namespaces in access exclusive mode", connection);
        await locking.ExecuteNonQueryAsync();
        var lists = new List<Task<int?>>();
        try
        {
            var fault = Task.Delay(time); // the fault itself
            await Eventually.Async("a list is refused", async () =>
            {
                Task<int?>[] some = [.. Enumerable.Range(0, 2 * PoolSize).Select(_ => run.StatusAsync("/leads?email=a@example.com"))];
                lists.AddRange(some);

                // Those that have a connection are not answered before the lock is gone.
                await Task.WhenAny(Task.WhenAll(some), Task.Delay(s_poolTimeout + TimeSpan.FromSeconds(1)));
                return lists.Any(list => list is { IsCompletedSuccessfully: true, Result: 503 });
            });
            await fault;
        }
        finally
        {
            await transaction.RollbackAsync();
        }

        Assert.All(await Task.WhenAll(lists), status => Assert.True(status is 200 or 503, $"{status}"));
    }

    /// <summary>Takes every connection that the server has, those of the store too as they are ended.</summary>
    private static async Task OccupiedAsync(KeyedRun run, FaultyServer server, TimeSpan time)
    {
        var taken = new List<NpgsqlConnection>();
        try
        {
            var refused = run.Ledger.Refused.Count;
            var start = Stopwatch.StartNew();
            await FillAsync(server, taken);
            while (start.Elapsed < time || run.Ledger.Refused.Count == refused)
            {
                await EndStoreAsync(taken[0]);
                await FillAsync(server, taken);
            }
        }
        finally
        {
            foreach (var connection in taken)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private static async Task FillAsync(FaultyServer server, List<NpgsqlConnection> taken)
    {
        while (true)
        {
            try
            {
                taken.Add(await server.OpenAsync());
            }
            catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                return;
            }
        }
    }

    private static async Task EndStoreAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name not in ('crash-tests', 'leadgrain-owner')
            """,
            connection);
        await command.ExecuteScalarAsync();
    }
}
