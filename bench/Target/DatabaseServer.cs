using LeadGrain.Silo;
using Npgsql;

namespace LeadGrain.Bench.Target;

/// <summary>
/// The benchmark's own PostgreSQL: made as the product makes its private one, with the same settings, fsync and
/// synchronous_commit on. The yardsticks and the grid use the same server, each in a database of its own.
/// </summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    // Seconds; a stop writes all that a load has left in memory.
    private const string Patience = "120";

    private readonly string _root;
    private readonly PostgresCluster _cluster;
    private readonly PostgresEndpoint _endpoint;
    private bool _running;

    private DatabaseServer(string root, PostgresCluster cluster, PostgresEndpoint endpoint)
        => (_root, _cluster, _endpoint) = (root, cluster, endpoint);

    /// <summary>PostgreSQL's own benchmark program.</summary>
    internal string Pgbench => PostgresBinaries.UsualDirectories().Prepend(_cluster.Binaries.Directory)
        .Select(folder => Path.Combine(folder, "pgbench"))
        .FirstOrDefault(File.Exists) ?? throw new BenchException("pgbench was not found; Debian has it in postgresql-15.");

    internal string Version => _cluster.Binaries.Version;

    internal string DataDirectory => _cluster.DataDirectory;

    /// <summary>Its postmaster, whose children do the work.</summary>
    internal int ProcessId => PostmasterFile.Read(DataDirectory)?.ProcessId ?? 0;

    internal string Host => _endpoint.SocketDirectory ?? "127.0.0.1";

    internal int Port => _endpoint.Port;

    internal string? Password => _endpoint.SocketDirectory is null ? _cluster.Password : null;

    /// <summary>Makes a cluster in a folder, which goes when this does, and starts it.</summary>
    internal static async Task<DatabaseServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var options = new LocalPostgresOptions(folder);
        var cluster = await PostgresCluster.OpenAsync(options, cancellationToken);

        // Several grids use it at once, each with a pool of up to 100.
        await File.AppendAllTextAsync(Path.Combine(cluster.DataDirectory, "postgresql.conf"), "\nmax_connections = 600\nmin_wal_size = 4GB\n", cancellationToken);
        var endpoint = await PostgresEndpoint.ChooseAsync(
            cluster.DataDirectory, options.SocketParent, cluster.Account, cancellationToken);
        var server = new DatabaseServer(folder, cluster, endpoint);
        try
        {
            await server.LaunchAsync(null, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Makes the segments of the write-ahead log that two checkpoints can be apart. A server that has run for some hours has them, and
    /// writes into them again and again; every commit waits while a new one is made.
    /// </summary>
    internal async Task MakeLogAsync(CancellationToken cancellationToken)
    {
        const long Segments = 256;
        await using var source = Open("postgres");
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var made = new NpgsqlCommand("select count(*) from pg_ls_waldir()", connection);
        for (var segment = (long)(await made.ExecuteScalarAsync(cancellationToken))!; segment < Segments; segment++)
        {
            await ExecuteAsync(connection, "select pg_logical_emit_message(false, 'segment', 'made'), pg_switch_wal()", cancellationToken);
        }

        // The first one ends the segments' use, the second one makes them free.
        await ExecuteAsync(connection, "checkpoint", cancellationToken);
        await ExecuteAsync(connection, "checkpoint", cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Starts the server again, under a slow disk's shim or, with null, without.</summary>
    internal async Task RestartAsync(SlowDisk? shim, CancellationToken cancellationToken)
    {
        await StopAsync("fast", cancellationToken);
        await LaunchAsync(shim, cancellationToken);
    }

    /// <summary>Gives a file to the account that the server runs under.</summary>
    internal Task GiveAsync(string path, CancellationToken cancellationToken) => _cluster.Account.TakeAsync(path, cancellationToken);

    internal string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = Host,
        Port = Port,
        Database = database,
        Username = PostgresCluster.Superuser,
        Password = Password,
    }.ConnectionString;

    /// <summary>Makes an empty database.</summary>
    internal Task CreateDatabaseAsync(string name, CancellationToken cancellationToken)
        => ExecuteAsync("postgres", $"create database {name}", cancellationToken);

    /// <summary>Runs statements, however long they take.</summary>
    internal async Task ExecuteAsync(string database, string sql, CancellationToken cancellationToken)
    {
        await using var source = Open(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Asks for a number.</summary>
    internal async Task<long> CountAsync(string database, string sql, CancellationToken cancellationToken)
    {
        await using var source = Open(database);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Connections that wait however long a statement takes.</summary>
    internal NpgsqlDataSource Open(string database)
        => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionString(database)) { Pooling = false, CommandTimeout = 0 });

    public async ValueTask DisposeAsync()
    {
        await StopAsync("immediate", CancellationToken.None);
        _endpoint.Remove();
        foreach (var folder in new[] { DataDirectory, _root }.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task LaunchAsync(SlowDisk? shim, CancellationToken cancellationToken)
    {
        await _cluster.ConfigureAsync(_endpoint, durable: true, cancellationToken);
        _running = true;
        var result = await _cluster.RunAsync(
            cancellationToken,
            ["env", .. shim?.Variables ?? [], _cluster.Binaries.PgCtl, "start", "--silent", "--wait", "--timeout", Patience,
                "--log", Path.GetFileName(_cluster.LogFile)]);
        if (result.ExitCode != 0)
        {
            throw new BenchException($"PostgreSQL did not start: {result.Output}");
        }
    }

    private async Task StopAsync(string mode, CancellationToken cancellationToken)
    {
        if (_running)
        {
            _running = false;
            NpgsqlConnection.ClearAllPools();
            var result = await _cluster.RunAsync(
                cancellationToken, _cluster.Binaries.PgCtl, "stop", "--silent", "--mode", mode, "--wait", "--timeout", Patience);
            if (result.ExitCode != 0)
            {
                throw new BenchException($"PostgreSQL did not stop: {result.Output}");
            }
        }
    }
}
