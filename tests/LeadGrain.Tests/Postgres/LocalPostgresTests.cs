using System.Diagnostics;
using LeadGrain.Silo;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

public sealed class LocalPostgresTests
{
    [Fact]
    public async Task A_second_start_finds_the_data()
    {
        await using var folder = new ServerFolder();
        await using (var first = await folder.StartAsync())
        {
            await RunAsync(first, "create table kept as select 7 as n");
            Assert.Equal(folder.DataDirectory, first.DataDirectory);
            Assert.True(first.Version.Major >= 15);
        }
        Assert.Null(PostmasterFile.Read(folder.DataDirectory));

        var second = await folder.StartAsync();

        Assert.Equal(7, await RunAsync(second, "select n from kept"));
    }

    [Fact]
    public async Task It_is_durable_and_listens_on_no_port()
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync(folder.Options with { Durable = true });

        const string Settings = """
            select string_agg(name || '=' || current_setting(name), ' ' order by ordinality) from unnest(array[
                'backend_flush_after', 'fsync', 'full_page_writes', 'listen_addresses', 'max_connections', 'max_wal_size', 'server_encoding',
                'synchronous_commit', 'data_checksums', 'lc_collate']) with ordinality s (name)
            """;
        Assert.Equal(
            "backend_flush_after=512kB fsync=on full_page_writes=on listen_addresses= max_connections=200 max_wal_size=4GB server_encoding=UTF8 "
            + "synchronous_commit=on data_checksums=on lc_collate=C",
            await RunAsync(server, Settings));
    }

    [Theory]
    [InlineData(512, 128)]
    [InlineData(4 * 1024, 512)]
    [InlineData(64 * 1024, 1024)]
    public void Its_buffers_take_an_eighth_of_the_memory_within_bounds(long megabytes, long buffers)
        => Assert.Equal(buffers, PostgresCluster.BufferMegabytes(megabytes << 20));

    [Fact]
    public async Task Only_its_owner_can_enter_the_folder_of_its_socket()
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync();

        var socketFolder = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;

        Assert.Equal(server.DataDirectory, socketFolder);
        Assert.Equal("rwx------", ModeOf(socketFolder));
    }

    [Fact]
    public async Task A_killed_server_recovers_what_was_committed()
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync();
        await RunAsync(server, "create table kept as select 7 as n");
        await KillAsync(PostmasterFile.Read(folder.DataDirectory)!.ProcessId);
        await server.DisposeAsync();

        var next = await folder.StartAsync();

        Assert.Equal(7, await RunAsync(next, "select n from kept"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restart_keeps_the_connection_string(bool immediate)
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync();
        var address = server.ConnectionString;
        await RunAsync(server, "create table kept as select 7 as n");

        await server.RestartAsync(immediate, CancellationToken.None);

        Assert.Equal(address, server.ConnectionString);
        Assert.Equal(7, await RunAsync(server, "select n from kept"));
    }

    [Fact]
    public async Task A_server_left_running_by_a_killed_host_is_adopted()
    {
        await using var folder = new ServerFolder();
        await (await folder.StartAsync()).DisposeAsync();
        var cluster = await PostgresCluster.OpenAsync(folder.Options, CancellationToken.None);
        await cluster.RunAsync(
            CancellationToken.None, cluster.Binaries.PgCtl, "start", "--silent", "--wait", "--log", "server.log");
        var running = PostmasterFile.Read(folder.DataDirectory)!.ProcessId;

        await using (var adopted = await folder.StartAsync())
        {
            Assert.Equal(1, await RunAsync(adopted, "select 1"));
            Assert.Equal(running, PostmasterFile.Read(folder.DataDirectory)!.ProcessId);
        }

        Assert.Null(PostmasterFile.Read(folder.DataDirectory));
    }

    [Fact]
    public async Task A_running_server_whose_socket_was_tidied_away_is_started_anew()
    {
        await using var folder = new ServerFolder();
        var server = await folder.StartAsync();
        await RunAsync(server, "create table kept as select 7 as n");
        var cluster = await PostgresCluster.OpenAsync(folder.Options, CancellationToken.None);
        await server.DisposeAsync();
        await cluster.RunAsync(
            CancellationToken.None, cluster.Binaries.PgCtl, "start", "--silent", "--wait", "--log", "server.log");
        File.Delete(Path.Combine(folder.DataDirectory, ".s.PGSQL.5432"));

        Assert.Equal(7, await RunAsync(await folder.StartAsync(), "select n from kept"));
    }

    [Fact]
    public async Task A_pid_file_whose_id_a_stranger_has_now_is_no_obstacle()
    {
        await using var folder = new ServerFolder();
        var first = await folder.StartAsync();
        await RunAsync(first, "create table kept as select 7 as n");
        var file = PostmasterFile.Read(folder.DataDirectory)!;
        await KillAsync(file.ProcessId);
        await first.DisposeAsync();
        var path = Path.Combine(folder.DataDirectory, "postmaster.pid");
        var lines = await File.ReadAllLinesAsync(path);
        lines[0] = $"{Environment.ProcessId}";
        await File.WriteAllLinesAsync(path, lines);

        var second = await folder.StartAsync();

        Assert.Equal(7, await RunAsync(second, "select n from kept"));
    }

    [Fact]
    public async Task A_second_host_on_the_same_data_is_refused()
    {
        await using var folder = new ServerFolder();
        var first = await folder.StartAsync();

        var refused = await Assert.ThrowsAsync<LocalPostgresException>(() => folder.StartAsync());

        Assert.Contains("Another host is running on this data", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync(first, "select 1"));
    }

    [Fact]
    public async Task A_failed_start_shows_the_servers_own_words_and_frees_the_data()
    {
        await using var folder = new ServerFolder();
        await (await folder.StartAsync()).DisposeAsync();
        var settings = Path.Combine(folder.DataDirectory, "postgresql.conf");
        var good = await File.ReadAllTextAsync(settings);
        await File.WriteAllTextAsync(settings, good + "\nmax_wal_size = 'a lot'\n");

        var failed = await Assert.ThrowsAsync<LocalPostgresException>(() => folder.StartAsync());
        Assert.Contains("invalid value for parameter \"max_wal_size\"", failed.Message, StringComparison.Ordinal);

        await File.WriteAllTextAsync(settings, good);
        Assert.Equal(1, await RunAsync(await folder.StartAsync(), "select 1"));
    }

    [Fact]
    public async Task Without_a_private_folder_it_takes_a_loopback_port_and_a_password()
    {
        await using var folder = new ServerFolder();
        var options = folder.Options with { Root = LongFolderIn(folder), SocketParent = null };

        await using (var server = await folder.StartAsync(options))
        {
            Assert.Equal("127.0.0.1", new NpgsqlConnectionStringBuilder(server.ConnectionString).Host);
            Assert.Equal(1, await RunAsync(server, "select 1"));
            await RefusedAsync(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "wrong" });
            await server.RestartAsync(immediate: true, CancellationToken.None);
            Assert.Equal(1, await RunAsync(server, "select 1"));
        }
        Assert.Equal(1, await RunAsync(await folder.StartAsync(options), "select 1"));
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_gets_a_short_private_folder_that_goes_with_the_server()
    {
        await using var folder = new ServerFolder();
        await using var sockets = new ServerFolder();
        var options = folder.Options with { Root = LongFolderIn(folder), SocketParent = sockets.Path };

        await using (var server = await folder.StartAsync(options))
        {
            var made = Assert.Single(Directory.GetDirectories(sockets.Path));
            Assert.Equal("rwx------", ModeOf(made));
            Assert.Equal(made, new NpgsqlConnectionStringBuilder(server.ConnectionString).Host);
            Assert.Equal(1, await RunAsync(server, "select 1"));
        }

        Assert.Empty(Directory.GetDirectories(sockets.Path));
    }

    private static string LongFolderIn(ServerFolder folder) => Path.Combine(folder.Path, $"it's $(a) \"long\" {new string('x', 90)}");

    private static string ModeOf(string path)
    {
        var listing = Process.Start(new ProcessStartInfo("ls", ["-ld", path]) { RedirectStandardOutput = true })!;
        return listing.StandardOutput.ReadToEnd()[1..10];
    }

    private static async Task KillAsync(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
        await process.WaitForExitAsync();
    }

    private static async Task RefusedAsync(NpgsqlConnectionStringBuilder address)
    {
        await using var connection = new NpgsqlConnection(address.ConnectionString);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    private static async Task<object?> RunAsync(LocalPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
