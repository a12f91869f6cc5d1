using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>
/// The host's own PostgreSQL, for when DATABASE_URL is not set. It outlives a killed host, whose successor adopts it.
/// </summary>
internal sealed partial class LocalPostgres : IAsyncDisposable
{
    private const string Database = "leadgrain";

    // A server that is shutting down or recovering is looked at again this often.
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);

    private readonly LocalPostgresOptions _options;
    private readonly PostgresCluster _cluster;
    private readonly FileStream[] _locks;
    private readonly TimeProvider _time;
    private readonly ILogger<LocalPostgres> _logger;
    private PostgresEndpoint? _endpoint;
    private bool _stopped;

    private LocalPostgres(
        LocalPostgresOptions options, PostgresCluster cluster, FileStream[] locks, TimeProvider time,
        ILogger<LocalPostgres> logger)
    {
        _options = options;
        _cluster = cluster;
        _locks = locks;
        _time = time;
        _logger = logger;
        ConnectionString = "";
        Version = new Version();
    }

    /// <summary>For Npgsql; stays valid over <see cref="RestartAsync"/>.</summary>
    public string ConnectionString { get; private set; }

    /// <summary>The server's version.</summary>
    public Version Version { get; private set; }

    /// <summary>The cluster, which is not in the host's folder when the server's account could not reach it there.</summary>
    public string DataDirectory => _cluster.DataDirectory;

    /// <summary>Starts the server of a host, or adopts the one that a killed host left running; returns once it answers.</summary>
    /// <exception cref="LocalPostgresException">It cannot be had; the message says what to do.</exception>
    public static async Task<LocalPostgres> StartAsync(
        LocalPostgresOptions options, TimeProvider time, ILogger<LocalPostgres> logger, CancellationToken cancellationToken)
    {
        options = options with { Root = Path.GetFullPath(options.Root) };
        var locks = new List<FileStream>();
        try
        {
            Directory.CreateDirectory(options.Root);
            locks.Add(Hold(Path.Combine(options.Root, "postgres.lock")));
            var cluster = await PostgresCluster.OpenAsync(options, cancellationToken);
            // The folder may have been copied, and its record of a cluster elsewhere with it.
            locks.Add(Hold(Path.Combine(cluster.DataDirectory, "leadgrain.lock")));
            var server = new LocalPostgres(options, cluster, [.. locks], time, logger);
            if (!cluster.DataDirectory.StartsWith(options.Root, StringComparison.Ordinal))
            {
                server.LogElsewhere(cluster.Account.Name, options.Root, cluster.DataDirectory);
            }
            await server.RunOrStopAsync(cancellationToken);
            locks.Clear();
            return server;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new LocalPostgresException(
                $"{options.Root} holds files of another account: {refused.Message} Start as that account or as root.", refused);
        }
        catch (IOException failed)
        {
            throw new LocalPostgresException($"A private PostgreSQL cannot be kept in {options.Root}: {failed.Message}", failed);
        }
        finally
        {
            locks.ForEach(l => l.Dispose());
        }
    }

    /// <summary>Stops the server and starts it again, for tests of how the host takes it.</summary>
    /// <param name="immediate">Without a shutdown checkpoint, like a crash: the start goes through recovery.</param>
    public async Task RestartAsync(bool immediate, CancellationToken cancellationToken)
    {
        await ShutDownAsync(immediate ? "immediate" : "fast", cancellationToken);
        await RunAsync(cancellationToken);
    }

    /// <summary>Stops the server. Sessions are cut, what they committed stays.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped)
        {
            return;
        }
        _stopped = true;
        await EndWatchAsync();
        try
        {
            await ShutDownAsync("fast", cancellationToken);
            _endpoint?.Remove();
            LogStopped(DataDirectory);
        }
        finally
        {
            Array.ForEach(_locks, l => l.Dispose());
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken) when (taken is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new LocalPostgresException(
                $"Another host is running on this data ({path} is locked). Stop it, or start this one in another folder.", taken);
        }
    }

    private async Task RunOrStopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await ShutDownAsync("fast", CancellationToken.None);
            throw;
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var launched = false;
        string? why;
        do
        {
            var found = PostmasterFile.Read(DataDirectory);
            if (found?.IsRunning() == true)
            {
                why = await TryConnectAsync(found.Endpoint, cancellationToken);
                if (why is null)
                {
                    LogReady(Version, launched ? "started" : "adopted", DataDirectory);
                    return;
                }
                if (found is { IsReady: true, Endpoint.IsGone: true })
                {
                    // Temporary folders get tidied up. Without its socket nobody can reach this server again.
                    await ShutDownAsync("fast", cancellationToken);
                    _endpoint = null;
                }
            }
            else
            {
                found?.Disown();
                launched = true;
                why = await LaunchAsync(cancellationToken);
            }
            if (why is not null)
            {
                await Task.Delay(s_pollInterval, _time, cancellationToken);
            }
        }
        while (_time.GetElapsedTime(began) < _options.StartTimeout);
        throw new LocalPostgresException($"The private PostgreSQL in {DataDirectory} does not answer: {why}");
    }

    /// <returns>Null when it started, the reason when it did not but may on another try.</returns>
    private async Task<string?> LaunchAsync(CancellationToken cancellationToken)
    {
        var again = _endpoint is not null;
        _endpoint ??= await PostgresEndpoint.ChooseAsync(
            DataDirectory, _options.SocketParent, _cluster.Account, cancellationToken);
        _endpoint.Free();
        await _cluster.ConfigureAsync(_endpoint, _options.Durable, cancellationToken);
        var log = new ServerLog(_cluster.LogFile);
        var seconds = Math.Ceiling(_options.StartTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        // pg_ctl gives the server a session of its own, out of reach of the terminal's Ctrl-C. The log's path is relative
        // and the cluster's is in the environment, because pg_ctl hands them to a shell.
        var result = await _cluster.RunAsync(
            cancellationToken, _cluster.Binaries.PgCtl, "start", "--silent", "--wait", "--timeout", seconds,
            "--log", Path.GetFileName(_cluster.LogFile));
        if (result.ExitCode == 0)
        {
            return null;
        }
        var tail = log.NewLines();
        if (!again && _endpoint.SocketDirectory is null && tail.Contains("already in use", StringComparison.OrdinalIgnoreCase))
        {
            _endpoint = null;
            return tail;
        }
        // The last processes of a server that was killed still wind down.
        return tail.Contains("is still in use", StringComparison.Ordinal) || tail.Contains("lock file", StringComparison.Ordinal)
            ? tail
            : throw new LocalPostgresException(
                $"The private PostgreSQL in {DataDirectory} did not start: {result.Output}\n{tail}".TrimEnd());
    }

    /// <returns>Null when it answered, the reason when it did not but may on another try.</returns>
    [SuppressMessage("Security", "CA2100", Justification = "The name is a constant.")]
    private async Task<string?> TryConnectAsync(PostgresEndpoint endpoint, CancellationToken cancellationToken)
    {
        var address = Address(endpoint);
        try
        {
            var maintenance = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Database = "postgres", Pooling = false };

            // Named, or metrics would show its connection string.
            await using var source = new NpgsqlDataSourceBuilder(maintenance.ConnectionString) { Name = "leadgrain-local" }.Build();
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var look = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection);
            look.Parameters.AddWithValue(Database);
            if (await look.ExecuteScalarAsync(cancellationToken) is null)
            {
                await using var create = new NpgsqlCommand($"create database {Database}", connection);
                await create.ExecuteNonQueryAsync(cancellationToken);
            }
            Version = connection.PostgreSqlVersion;
        }
        catch (PostgresException refused) when (!refused.IsTransient)
        {
            throw new LocalPostgresException(
                $"The private PostgreSQL in {DataDirectory} refuses its own host: {refused.MessageText}", refused);
        }
        catch (NpgsqlException absent)
        {
            return absent.Message;
        }
        _endpoint = endpoint;
        ConnectionString = address.ConnectionString;
        return null;
    }

    private NpgsqlConnectionStringBuilder Address(PostgresEndpoint endpoint) => new()
    {
        Host = endpoint.SocketDirectory ?? "127.0.0.1",
        Port = endpoint.Port,
        Database = Database,
        Username = PostgresCluster.Superuser,
        Password = endpoint.SocketDirectory is null ? _cluster.Password : null,
    };

    private async Task ShutDownAsync(string mode, CancellationToken cancellationToken)
    {
        var seconds = Math.Ceiling(_options.StopTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        ChildProcess.Result result = default;
        foreach (var attempt in new[] { mode, "immediate" })
        {
            if (PostmasterFile.Read(DataDirectory)?.IsRunning() != true)
            {
                return;
            }
            result = await _cluster.RunAsync(
                cancellationToken, _cluster.Binaries.PgCtl, "stop", "--silent", "--mode", attempt, "--wait", "--timeout", seconds);
            if (result.ExitCode == 0)
            {
                return;
            }
            LogStopOverdue(DataDirectory, attempt);
        }
        if (PostmasterFile.Read(DataDirectory)?.IsRunning() == true)
        {
            throw new LocalPostgresException($"The private PostgreSQL in {DataDirectory} does not stop: {result.Output}");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Private PostgreSQL {Version} {How} in {DataDirectory}")]
    private partial void LogReady(Version version, string how, string dataDirectory);

    [LoggerMessage(Level = LogLevel.Information, Message = "The account {Account} cannot enter {Root}; the data is in {DataDirectory}")]
    private partial void LogElsewhere(string account, string root, string dataDirectory);

    [LoggerMessage(Level = LogLevel.Information, Message = "Private PostgreSQL in {DataDirectory} stopped")]
    private partial void LogStopped(string dataDirectory);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Private PostgreSQL in {DataDirectory} is slow to stop ({Mode})")]
    private partial void LogStopOverdue(string dataDirectory, string mode);
}
