using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Storage;

public sealed class FreshTablesTests
{
    [Fact]
    public async Task A_running_grid_analyzes_what_has_filled_since_it_was_empty_and_nothing_else()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);

        // A session counts what it has committed a moment later, and not while it is in the next transaction.
        await using var connection = await database.DataSource.OpenConnectionAsync();

        // The server's own analysis leaves them alone.
        await database.ExecuteAsync(
            """
            create table "Filled" (n integer) with (autovacuum_enabled = off);
            create table few (n integer) with (autovacuum_enabled = off);
            create table uncommitted (n integer) with (autovacuum_enabled = off);
            insert into few select generate_series(1, 100);
            insert into "Filled" select generate_series(1, 5000)
            """);
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand("insert into uncommitted select generate_series(1, 50000)", connection, transaction);
        await insert.ExecuteNonQueryAsync();

        await Eventually.FindAsync("it is analyzed", () => RowsAsync("\"Filled\""), rows => rows == 5_000);
        Assert.Equal((-1, -1), (await RowsAsync("few"), await RowsAsync("uncommitted")));
        await transaction.CommitAsync();
        await database.ExecuteAsync("insert into \"Filled\" select generate_series(1, 5000); insert into few select generate_series(1, 5000)");

        // From then on it is the server's.
        await Eventually.FindAsync("the other is analyzed", () => RowsAsync("few"), rows => rows == 5_100);
        await Eventually.FindAsync("what is committed is analyzed", () => RowsAsync("uncommitted"), rows => rows == 50_000);
        Assert.Equal(5_000, await RowsAsync("\"Filled\""));

        Task<float> RowsAsync(string table) => database.ScalarAsync<float>($"select reltuples from pg_class where oid = '{table}'::regclass");
    }
}
