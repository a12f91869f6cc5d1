using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

public sealed class MigratorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lg-sql-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_schema_is_applied_to_every_test_database()
    {
        await using var database = await TestDatabase.CreateAsync();
        var files = 0;
        foreach (var folder in GrainHost.SqlFolders)
        {
            files += (await MigrationFile.ReadAllAsync(folder, CancellationToken.None)).Count;
        }

        Assert.Equal(files, await database.ScalarAsync<int>("select count(*)::int from schema_migrations"));
        Assert.Equal(0, await MigratorFor(database).ApplyAsync(CancellationToken.None, GrainHost.SqlFolders));
    }

    [Fact]
    public async Task Eight_processes_at_once_apply_each_file_once()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("001_first.sql", "create table first (id int); select pg_sleep(0.05);");
        Write("002_second.sql", "create table second (id int); insert into first values (1);");

        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Task.Run(() => MigratorFor(database).ApplyAsync(CancellationToken.None, _folder))));

        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 2], counts.Order());
        Assert.Equal(1, await database.ScalarAsync<int>("select count(*)::int from first"));
    }

    [Fact]
    public async Task A_changed_file_is_refused_but_not_one_with_other_line_ends()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("001_first.sql", "create table first\n(id int);\n");
        await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder);

        Write("001_first.sql", "create table first\r\n(id int);\r\n");
        Assert.Equal(0, await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder));

        Write("001_first.sql", "create table first\n(id bigint);\n");
        await RefusedAsync(database, "001_first.sql was changed");
    }

    [Fact]
    public async Task A_database_newer_than_the_files_is_refused()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("001_first.sql", "select 1");
        Write("002_second.sql", "select 2");
        await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder);

        File.Delete(Path.Combine(_folder, "002_second.sql"));
        await RefusedAsync(database, "newer than this program: it has 002_second.sql");
    }

    [Fact]
    public async Task A_file_that_comes_late_with_an_early_number_is_refused()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("002_second.sql", "select 2");
        await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder);

        Write("001_first.sql", "select 1");
        await RefusedAsync(database, "001_first.sql comes before 002_second.sql");
    }

    [Fact]
    public async Task A_failing_file_leaves_no_trace_and_its_predecessors_stay()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("001_first.sql", "create table first (id int)");
        Write("002_second.sql", "create table second (id int); select 1 / 0;");

        await RefusedAsync(database, "002_second.sql failed and was rolled back: 22012");

        Assert.Equal(1, await database.ScalarAsync<int>("select max(version) from schema_migrations"));
        Assert.True(await database.ScalarAsync<bool>("select to_regclass('second') is null"));
    }

    [Fact]
    public async Task A_second_folder_counts_its_versions_apart_and_is_not_applied_unasked()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var inner = Directory.CreateDirectory(Path.Combine(_folder, "orleans")).FullName;
        Write("001_first.sql", "create table first (id int)");
        Write("orleans/001_cluster.sql", "create table cluster (id int)");

        Assert.Equal(1, await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder));
        Assert.Equal(1, await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder, inner));
        Assert.Equal(0, await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder));
    }

    [Fact]
    public async Task A_table_in_use_is_waited_for_without_holding_up_its_readers_for_long()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("001_first.sql", "create table first (id int)");
        await MigratorFor(database).ApplyAsync(CancellationToken.None, _folder);
        Write("002_second.sql", "alter table first add column more int");
        await using var reader = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await reader.BeginTransactionAsync();
        await using var lookup = new NpgsqlCommand("select count(*) from first", reader);
        await lookup.ExecuteScalarAsync();
        var busy = new BusySignal();

        var migrating = new Migrator(database.DataSource, TimeProvider.System, busy) { LockTimeout = TimeSpan.FromMilliseconds(100) }
            .ApplyAsync(CancellationToken.None, _folder);
        await busy.Seen.WaitAsync(Eventually.Patience);
        await transaction.RollbackAsync();

        Assert.Equal(1, await migrating);
    }

    [Fact]
    public async Task A_search_path_without_a_schema_is_refused()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        Write("001_first.sql", "create table first (id int)");
        var address = new NpgsqlConnectionStringBuilder(database.ConnectionString) { SearchPath = "absent" };
        await using var source = NpgsqlDataSource.Create(address.ConnectionString);

        var refused = await Assert.ThrowsAsync<MigrationException>(
            () => new Migrator(source, TimeProvider.System, NullLogger<Migrator>.Instance)
                .ApplyAsync(CancellationToken.None, _folder));

        Assert.Contains("search path", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("first.sql")]
    [InlineData("1_first.sql")]
    [InlineData("001-first.sql")]
    public async Task A_misnamed_file_is_refused(string name)
    {
        Write(name, "select 1");
        await Assert.ThrowsAsync<MigrationException>(() => MigrationFile.ReadAllAsync(_folder, CancellationToken.None));
    }

    [Fact]
    public async Task Two_files_with_one_number_are_refused()
    {
        Write("001_first.sql", "select 1");
        Write("001_second.sql", "select 1");
        await Assert.ThrowsAsync<MigrationException>(() => MigrationFile.ReadAllAsync(_folder, CancellationToken.None));
    }

    private static Migrator MigratorFor(TestDatabase database) =>
        new(database.DataSource, TimeProvider.System, NullLogger<Migrator>.Instance);

    private async Task RefusedAsync(TestDatabase database, string why)
    {
        var refused = await Assert.ThrowsAsync<MigrationException>(
            () => MigratorFor(database).ApplyAsync(CancellationToken.None, _folder));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private void Write(string name, string sql) => File.WriteAllText(Path.Combine(_folder, name), sql);
}
