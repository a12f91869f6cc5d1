using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using LeadGrain.Silo;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Storage;

public sealed class StorageFaultsTests
{
    [Fact]
    public async Task A_connection_that_the_driver_lost_the_thread_of_is_a_database_that_is_away()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var source = NpgsqlDataSource.Create(
            GridDatabase.Tune(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 1 }));
        Assert.Equal(1, await DivideAsync(source, 1));

        // Prepared with its second use, and refused when it is planned: the driver takes it for prepared.
        await Assert.ThrowsAsync<PostgresException>(() => DivideAsync(source, 0));

        await Assert.ThrowsAsync<StorageUnavailableException>(() => DivideAsync(source, 1));
        Assert.Equal(1, await DivideAsync(source, 1));
    }

    [Fact]
    public async Task What_failed_is_named_by_its_codes_and_not_in_the_servers_words()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var ended = await Assert.ThrowsAsync<StorageUnavailableException>(() => RaiseAsync(source, "57P01"));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => RaiseAsync(source, "25P03")); // idle in a transaction for too long
        var gone = await Assert.ThrowsAsync<StorageUnavailableException>(() => StorageFaults.GuardAsync(async () =>
        {
            await using var nobody = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=u;Database=d");
            await using var connection = await nobody.OpenConnectionAsync();
            return 0;
        }));

        Assert.Equal(
            ("The database is not available: SQLSTATE 57P01.", "The database is not available: NpgsqlException, SocketException ConnectionRefused."), (ended.Message, gone.Message));
    }

    private static Task<int> RaiseAsync(NpgsqlDataSource source, string state) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = source.CreateCommand($"do $$ begin raise exception 'ada@x.example' using errcode = '{state}'; end $$");
        return await command.ExecuteNonQueryAsync();
    });

    private static Task<int> DivideAsync(NpgsqlDataSource source, int by) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = source.CreateCommand("select 1 / $1::int");
        command.Bind(by);
        return (int)(await command.ExecuteScalarAsync())!;
    });
}
