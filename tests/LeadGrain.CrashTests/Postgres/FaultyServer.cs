using LeadGrain.CrashTests.Processes;
using LeadGrain.Silo;
using Npgsql;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>A database server of a test's own, to suffer what servers suffer.</summary>
internal sealed class FaultyServer : IAsyncDisposable
{
    // The test's own sessions, which are spared.
    private const string Spared = "crash-tests";

    private readonly ServerFolder _folder;
    private LocalPostgres _server = null!;

    private FaultyServer(ServerFolder folder) => _folder = folder;

    internal string ConnectionString => _server.ConnectionString;

    internal string DataDirectory => _server.DataDirectory;

    internal bool IsRunning => PostmasterFile.Read(DataDirectory)?.IsRunning() == true;

    /// <param name="root">Where its data are; null for a temporary folder.</param>
    /// <param name="settings">Lines for postgresql.conf.</param>
    internal static async Task<FaultyServer> StartAsync(string? root = null, string? settings = null)
    {
        var folder = new ServerFolder();
        var made = await StartAsync(folder, root is null ? folder.Options : folder.Options with { Root = root });
        if (settings is not null)
        {
            Configure(made.DataDirectory, settings);
            await made.RestartAsync();
        }

        return made;
    }

    /// <summary>Starts a server on data that are in its folder already.</summary>
    internal static Task<FaultyServer> StartAsync(ServerFolder folder) => StartAsync(folder, folder.Options);

    /// <summary>Adds lines to postgresql.conf, which win over those before them.</summary>
    internal static void Configure(string dataDirectory, string settings)
        => File.AppendAllText(Path.Combine(dataDirectory, "postgresql.conf"), $"\n{settings}\n");

    internal Task RestartAsync(bool immediate = true) => _server.RestartAsync(immediate, CancellationToken.None);

    /// <summary>A session that no fault of this class ends.</summary>
    internal async Task<NpgsqlConnection> OpenAsync()
    {
        var address = new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, ApplicationName = Spared };
        var connection = new NpgsqlConnection(address.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    internal async Task<T> AskAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        // Only the tests' own texts.
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Changes one setting of the running server.</summary>
    internal async Task SetAsync(string setting, string value)
    {
        await using var connection = await OpenAsync();
        foreach (var sql in (string[])[$"alter system set {setting} = '{value}'", "select pg_reload_conf()"])
        {
#pragma warning disable CA2100
            await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }

    internal Task<PostgresCluster> ClusterAsync()
        => PostgresCluster.OpenAsync(new LocalPostgresOptions(Path.GetDirectoryName(DataDirectory)!), CancellationToken.None);

    /// <summary>The processes of the host's sessions, in random order.</summary>
    internal Task<int[]> SessionsAsync() => AskAsync<int[]>(
        $"""
        select coalesce(array_agg(pid order by random()), array[]::int[]) from pg_stat_activity
        where backend_type = 'client backend' and application_name <> '{Spared}' and application_name <> 'leadgrain-owner'
        """);

    /// <summary>Ends some of the host's sessions, other than the one that holds its ownership.</summary>
    internal async Task TerminateAsync()
        => await AskAsync<long>($"select count(pg_terminate_backend(pid)) from unnest(array[{string.Join(',', (await SessionsAsync()).Take(2))}]::int[]) s (pid)");

    /// <summary>Ends the session that holds the embedded host's ownership.</summary>
    internal Task TerminateOwnerAsync()
        => AskAsync<long>("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'leadgrain-owner'");

    /// <summary>kill -9 of one server process, at which the postmaster ends all others and starts anew.</summary>
    internal async Task KillSessionAsync()
    {
        int[] found = [];
        await Eventually.Async("a session is there", async () => (found = await SessionsAsync()).Length > 0);
        await Signals.SendAsync("KILL", found[0]);
    }

    /// <summary>Holds all of its processes, as a disk does that does not answer.</summary>
    internal async Task StallAsync(TimeSpan time)
    {
        var processes = await Signals.SuspendTreeAsync(PostmasterFile.Read(DataDirectory)!.ProcessId);
        await Task.Delay(time); // the fault itself
        await Signals.SendAsync("CONT", processes);
    }

    /// <summary>kill -9 of all of its processes at once, as when its machine goes.</summary>
    internal async Task KillAsync()
        => await Signals.SendAsync("KILL", await Signals.SuspendTreeAsync(PostmasterFile.Read(DataDirectory)!.ProcessId));

    public async ValueTask DisposeAsync() => await _folder.DisposeAsync();

    private static async Task<FaultyServer> StartAsync(ServerFolder folder, LocalPostgresOptions options)
        => new(folder) { _server = await folder.StartAsync(options) };
}
