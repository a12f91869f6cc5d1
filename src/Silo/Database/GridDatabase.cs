using Npgsql;

namespace LeadGrain.Silo;

/// <summary>The database of this process: the one that DATABASE_URL names, else a private one; migrated either way.</summary>
internal sealed class GridDatabase : IAsyncDisposable
{
    // More at once would only wait for each other in the database; two hosts of so many fit into its default of 100.
    private const int Connections = 40;
    private const string MaxPoolSize = "Maximum Pool Size";
    private const string GssEncryption = "GSS Encryption Mode";

    private readonly LocalPostgres? _local;

    private GridDatabase(LocalPostgres? local, string connectionString, string description)
        => (_local, ConnectionString, Description) = (local, connectionString, description);

    /// <summary>For the store's connections.</summary>
    internal string ConnectionString { get; }

    /// <summary>Where it is, without secrets.</summary>
    internal string Description { get; }

    /// <summary>Finds or starts the database and brings it up to date.</summary>
    /// <param name="url">DATABASE_URL; null or empty for a private one.</param>
    /// <param name="folder">Where a private one keeps its data.</param>
    /// <param name="sqlFolders">Migrations, in order.</param>
    /// <param name="patience">How long a database that does not answer is tried again.</param>
    /// <param name="logs">For what it logs.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DatabaseUrlException">It cannot be understood, or what it names cannot be used.</exception>
    internal static async Task<GridDatabase> OpenAsync(
        string? url, string folder, IReadOnlyList<string> sqlFolders, TimeSpan patience, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var local = string.IsNullOrWhiteSpace(url)
            ? await LocalPostgres.StartAsync(
                new LocalPostgresOptions(folder), TimeProvider.System, logs.CreateLogger<LocalPostgres>(), cancellationToken)
            : null;
        try
        {
            var settings = Tune(local is null ? DatabaseUrl.Parse(url!) : new NpgsqlConnectionStringBuilder(local.ConnectionString));
            await MigrateAsync(settings.ConnectionString, sqlFolders, patience, logs, cancellationToken);
            var description = local is null
                ? $"PostgreSQL at {DatabaseHosts.Name(settings)}/{settings.Database}"
                : $"its own PostgreSQL {local.Version} in {local.DataDirectory}";
            local?.Watch();
            return new GridDatabase(local, settings.ConnectionString, description);
        }
        catch (Exception refused) when (local is null && refused is NpgsqlException or TimeoutException)
        {
            var why = refused is PostgresException { MessageText: var text } ? text : refused.Message;
            throw new DatabaseUrlException($"names a database that cannot be used: {why}");
        }
        catch
        {
            await (local?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw;
        }
    }

    /// <summary>Stops a private database.</summary>
    public ValueTask DisposeAsync() => _local?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>What the store needs of its connections, where the user did not say otherwise.</summary>
    internal static NpgsqlConnectionStringBuilder Tune(NpgsqlConnectionStringBuilder settings)
    {
        settings.MaxAutoPrepare = settings.MaxAutoPrepare > 0 ? settings.MaxAutoPrepare : 100;
        settings.AutoPrepareMinUsages = 2;
        settings.MaxPoolSize = settings.ShouldSerialize(MaxPoolSize) ? settings.MaxPoolSize : Math.Max(Connections, settings.MinPoolSize);
        settings.NoResetOnClose = true; // nothing of a session is left behind by what the store does
        settings.IncludeErrorDetail = false; // details hold lead data
        settings.TcpKeepAlive = true;
        settings.Timezone = "UTC"; // elsewhere a day is an hour shorter or longer when the clocks change: a lease of a day, too

        // A statement over its time breaks its connection. The answer that comes to its cancellation is not to be believed: a
        // commit that waited for its standby then says that it succeeded, when it did so on the primary only.
        settings.CancellationTimeout = -1;

        // Where it is preferred, each attempt that fails is made twice: who wants it says so.
        if (!settings.ShouldSerialize(GssEncryption) && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("PGGSSENCMODE")))
        {
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        DatabaseHosts.Tune(settings);
        return settings;
    }

    private static async Task MigrateAsync(
        string connectionString, IReadOnlyList<string> sqlFolders, TimeSpan patience, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "leadgrain-migrate", Pooling = false };
        var latest = new LatestPrimary(TimeProvider.System, logs.CreateLogger<LatestPrimary>());
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                var (host, _) = await latest.FindAsync(settings.ConnectionString, cancellationToken);
                await using var source = new NpgsqlDataSourceBuilder(host) { Name = settings.ApplicationName }.Build();
                await new Migrator(source, TimeProvider.System, logs.CreateLogger<Migrator>()).ApplyAsync(cancellationToken, sqlFolders);
                return;
            }
            catch (Exception away) when (DatabaseHosts.IsAway(away, settings) && TimeProvider.System.GetElapsedTime(start) < patience)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            }
        }
    }
}
