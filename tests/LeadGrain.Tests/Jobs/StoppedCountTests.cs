using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Jobs;

/// <summary>A count that walks all of a large log ends when it is not wanted any more.</summary>
public sealed class StoppedCountTests
{
    private const string Waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

    // Its count never ends by itself.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_replay_that_is_cancelled_while_it_is_counted_leaves_the_runner_to_the_next()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        (await grid.Client.PostLeadAsync("{}")).MustBeCreated();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var held = await HoldAsync(connection);
        var job = (Guid)(await grid.Client.PostAsync("/raw/replay", new { from = "2020-01-01T00:00:00Z" }))["id"]!;
        await database.LockWaitAsync();

        using var cancel = await grid.Client.DeleteAsync(new Uri($"/jobs/{job}", UriKind.Relative));

        await Eventually.Async("nobody counts", async () => await database.ScalarAsync<long>(Waiting) == 0, s_soon);
        await held.RollbackAsync();
        var next = (Guid)(await grid.Client.PostAsync("/raw/replay", new { from = "2020-01-01T00:00:00Z" }))["id"]!;
        Assert.Equal((1, "done"), ((int)(await grid.Client.EndOfJobAsync(next))["total"]!, (string?)(await grid.Client.ReadAsync($"/jobs/{next}"))["state"]));
        Assert.Equal("cancelled", (string?)(await grid.Client.ReadAsync($"/jobs/{job}"))["state"]);
    }

    [Fact]
    public async Task A_host_that_is_stopped_while_a_replay_is_counted_does_not_wait_for_the_count()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using (var grid = await TestGrid.StartAsync(database))
        {
            (await grid.Client.PostLeadAsync("{}")).MustBeCreated();
            await HoldAsync(connection);
            await grid.Client.PostAsync("/raw/replay", new { from = "2020-01-01T00:00:00Z" });
            await database.LockWaitAsync();
            await grid.App.StopAsync().WaitAsync(s_soon);
        }

        await Eventually.Async("nobody counts", async () => await database.ScalarAsync<long>(Waiting) == 0, s_soon);
        Assert.Equal("running", await database.ScalarAsync<string>("select state from jobs"));
    }

    private static async Task<NpgsqlTransaction> HoldAsync(NpgsqlConnection connection)
    {
        var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("lock table raw_outcomes in access exclusive mode", connection, transaction);
        await hold.ExecuteNonQueryAsync();
        return transaction;
    }
}
