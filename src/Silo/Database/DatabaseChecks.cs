using LeadGrain.Gateway.Health;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>
/// Connections for looking at the database's health: apart from the store's, which a standby cannot open and which may all
/// be busy.
/// </summary>
internal sealed class HealthConnections(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = DatabaseHosts.BuildSource(new NpgsqlDataSourceBuilder(
        new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = Name, MinPoolSize = 0, MaxPoolSize = 2 }.ConnectionString)
    {
        Name = Name,
    });

    private const string Name = "leadgrain-health";

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    internal NpgsqlCommand CreateCommand(string sql) => _source.CreateCommand(sql);
}

/// <summary>The database answers.</summary>
internal sealed class DatabaseCheck(HealthConnections database) : IReadinessCheck
{
    public string Name => "database";

    public async ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new Readiness(true);
        }
        catch (NpgsqlException)
        {
            return new Readiness(false, "The database does not answer.");
        }
    }
}

/// <summary>The database has every migration of this version.</summary>
internal sealed class MigrationsCheck(HealthConnections database) : IReadinessCheck
{
    private (string[] Sources, int[] Versions)? _wanted;

    public string Name => "migrations";

    public async ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        var wanted = _wanted ??= await ReadWantedAsync(cancellationToken);
        try
        {
            await using var command = database.CreateCommand(
                """
                select count(*) from unnest($1::text[], $2::int[]) as w (source, version)
                where not exists (select from schema_migrations m where m.source = w.source and m.version = w.version)
                """);
            command.Parameters.Add(new NpgsqlParameter { Value = wanted.Sources });
            command.Parameters.Add(new NpgsqlParameter { Value = wanted.Versions });
            return await command.ExecuteScalarAsync(cancellationToken) is 0L
                ? new Readiness(true)
                : new Readiness(false, "The database lacks migrations of this version.");
        }
        catch (NpgsqlException)
        {
            return new Readiness(false, "The database does not answer.");
        }
    }

    private static async Task<(string[] Sources, int[] Versions)> ReadWantedAsync(CancellationToken cancellationToken)
    {
        var files = new List<MigrationFile>();
        foreach (var folder in GrainHost.SqlFolders)
        {
            files.AddRange(await MigrationFile.ReadAllAsync(folder, cancellationToken));
        }

        return ([.. files.Select(f => f.Source)], [.. files.Select(f => f.Version)]);
    }
}
