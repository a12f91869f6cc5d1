using LeadGrain.GrainInterfaces.Ingestion;
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

    [Fact]
    public async Task A_new_day_copies_nothing_until_no_reader_is_in_its_way()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var (raw, partitions) = (grid.Services.GetRequiredService<RawStore>(), grid.Services.GetRequiredService<PartitionStore>());
        var row = Row(await raw.EnsureOrganizationAsync("app", "org"), s_old);
        await raw.AppendAsync(Guid.NewGuid(), [row]);

        // Of what is taken back the sequence still tells.
        await database.ExecuteAsync(
            """
            create sequence copies;
            create function count_copy() returns trigger language plpgsql as $$ begin perform nextval('copies'); return null; end $$;
            create trigger count_copy before delete on leads_raw_default for each statement execute function count_copy()
            """);
        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var reader = await ReadAsync(connection, "select count(*) from leads_raw_default");
            await partitions.MakeAsync(s_old, 0).WaitAsync(Eventually.Patience);
            Assert.False(await database.ScalarAsync<bool>("select is_called from copies"));
            Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from leads_raw_default"));
        }

        await partitions.MakeAsync(s_old, 0);
        Assert.True(await database.ScalarAsync<bool>("select is_called from copies"));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from leads_raw_20200203"));
    }

    [Fact]
    public async Task A_post_that_waits_while_its_day_is_given_a_partition_goes_into_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var raw = grid.Services.GetRequiredService<RawStore>();
        var organization = await raw.EnsureOrganizationAsync("app", "org");
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var making = await ReadAsync(connection, "select leads_raw_make_day('2020-02-03')");

        var appending = raw.AppendAsync(Guid.NewGuid(), [Row(organization, s_old)]);
        await database.LockWaitAsync();
        await making.CommitAsync();

        await appending.WaitAsync(Eventually.Patience);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from leads_raw_20200203"));
    }

    [Fact]
    public async Task A_clock_that_is_days_ahead_drops_nothing_that_the_database_holds_for_young()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var partitions = grid.Services.GetRequiredService<PartitionStore>();
        (await grid.Client.PostLeadAsync("[]")).MustBeRefused(400, "invalid_payload");
        await partitions.MakeAsync(DateTimeOffset.UtcNow.AddDays(-4), 0);
        var days = await database.ScalarAsync<long>("select count(*) from pg_inherits where inhparent = 'leads_raw'::regclass");

        Assert.True(await partitions.DropAsync(DateTimeOffset.UtcNow.AddYears(10), 5));

        Assert.Equal(days, await database.ScalarAsync<long>("select count(*) from pg_inherits where inhparent = 'leads_raw'::regclass"));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from raw_outcomes"));
    }

    [Fact]
    public async Task A_clock_that_is_ahead_for_one_look_drops_nothing_and_puts_the_next_look_off_by_nothing()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        time.Step(new DateTimeOffset(2020, 2, 3, 12, 0, 0, TimeSpan.Zero) - time.GetUtcNow()); // behind the database's, which decides otherwise
        using var running = time.Run();
        await using var grid = await LeaseGrid.StartAsync(database, time, ("RAW_RETENTION", "5"));
        await MadeAsync("leads_raw_20200203");
        await database.ExecuteAsync(
            "insert into leads_raw (organization_id, received_at, id, body, headers, request_id) values (1, '2020-02-03', gen_random_uuid(), '', '{}', 'r')");

        time.Step(TimeSpan.FromDays(365));
        await MadeAsync("leads_raw_20210202");
        time.Step(TimeSpan.FromDays(-365));

        // The look after that: days that are not there are made.
        await database.ExecuteAsync("drop table leads_raw_20200204");
        await MadeAsync("leads_raw_20200204");
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from leads_raw_20200203"));

        Task MadeAsync(string day) => Eventually.Async(
            $"{day} is made",
            () => database.ScalarAsync<bool>($"select to_regclass('{day}') is not null"),
            between: () => time.Advance(TimeSpan.FromSeconds(20)));
    }

    private static RawRow Row(long organization, DateTimeOffset at)
    {
        var id = Guid.CreateVersion7(at);
        return new RawRow(organization, id, IngestionCommits.TimeOf(id), new RawPost("{}"u8.ToArray(), null, null, "{}"u8.ToArray(), null, "r", null));
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
