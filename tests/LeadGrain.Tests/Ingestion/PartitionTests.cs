using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Partitions are made and dropped beside posts and long readers.</summary>
public sealed class PartitionTests
{
    private static readonly DateTimeOffset s_old = new(2020, 2, 3, 4, 5, 6, TimeSpan.Zero);

    [Fact]
    public async Task A_drop_gives_way_to_a_long_reader_so_that_posts_go_on_and_comes_again()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var partitions = grid.Services.GetRequiredService<PartitionStore>();
        await partitions.MakeAsync(s_old, 1);
        (await grid.Client.PostLeadAsync("{}")).MustBeCreated();

        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var reader = await ReadAsync(connection, "select count(*) from leads_raw");
            var drop = partitions.DropAsync(DateTimeOffset.UtcNow, 1);
            for (var post = 0; post < 20; post++)
            {
                (await grid.Client.PostLeadAsync("{}").WaitAsync(Eventually.Patience)).MustBeCreated();
            }

            await drop.WaitAsync(Eventually.Patience);
            Assert.Equal(2, await DaysAsync(database));
        }

        await partitions.DropAsync(DateTimeOffset.UtcNow, 1);
        Assert.Equal(0, await DaysAsync(database));
    }

    [Fact]
    public async Task A_new_day_gives_way_to_a_reader_of_the_default_partition_and_comes_again()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var partitions = grid.Services.GetRequiredService<PartitionStore>();
        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var reader = await ReadAsync(connection, "select count(*) from leads_raw_default");
            await partitions.MakeAsync(s_old, 1).WaitAsync(Eventually.Patience);
            Assert.Equal(0, await DaysAsync(database));
            Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from leads_raw_default").WaitAsync(Eventually.Patience));
        }

        await partitions.MakeAsync(s_old, 1);
        Assert.Equal(2, await DaysAsync(database));
    }

    [Fact]
    public async Task A_running_grid_drops_the_days_that_are_older_than_the_retention_by_itself()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync(
            """
            select leads_raw_make_day('2020-02-03'), leads_raw_make_day('2020-02-04'), leads_raw_make_day('2029-12-28');
            insert into raw_outcomes (organization_id, raw_id, received_at, outcome) values (1, gen_random_uuid(), '2020-02-03', 'invalid')
            """);

        var time = new FakeTime();
        using var running = time.Run();
        await using var grid = await LeaseGrid.StartAsync(database, time, ("RAW_RETENTION", "5"));

        // What is said of entries goes last. A look that fails, as before the database is the grid's, comes again after a minute.
        await Eventually.FindAsync(
            "nothing is said of them",
            () => database.ScalarAsync<long>("select count(*) from raw_outcomes"),
            outcomes => outcomes == 0,
            between: () => time.Advance(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, await DaysAsync(database));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from pg_class where relname = 'leads_raw_20291228'"));
    }

    private static async Task<NpgsqlTransaction> ReadAsync(NpgsqlConnection connection, string sql)
    {
        var transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // Constants of tests.
        await using var read = new NpgsqlCommand(sql, connection, transaction);
#pragma warning restore CA2100
        await read.ExecuteScalarAsync();
        return transaction;
    }

    private static Task<long> DaysAsync(TestDatabase database)
        => database.ScalarAsync<long>("select count(*) from pg_class where relname like 'leads_raw_202002__' and relkind = 'r'");
}
