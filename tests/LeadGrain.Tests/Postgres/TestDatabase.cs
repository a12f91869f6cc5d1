using System.Security.Cryptography;
using System.Text;
using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

/// <summary>A database of a test's own with the schema applied, dropped when the test is done.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    // Any number; held while the template is made, in case several runs share a server.
    private const long TemplateLock = 0x1ead_6ae1_0000_0002;

    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);

    // For what makes and drops databases: a new session costs more than either.
    private static readonly Lazy<Task<NpgsqlDataSource>> Server = new(
        async () => NpgsqlDataSource.Create((await PostgresServer.AddressAsync()).ConnectionString));

    private readonly string _name;

    private TestDatabase(string name, string connectionString)
    {
        _name = name;
        ConnectionString = connectionString;
        DataSource = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource { get; }

    public static async Task<TestDatabase> CreateAsync() => await CreateFromAsync(await Template.Value);

    /// <summary>One without our schema.</summary>
    public static Task<TestDatabase> CreateEmptyAsync() => CreateFromAsync("template0");

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await using var server = await ConnectAsync();
        await ExecuteAsync(server, $"drop database if exists {_name} with (force)");
    }

    /// <summary>Returns when so many sessions wait for a lock in it.</summary>
    public async Task LockWaitAsync(int sessions = 1)
    {
        const string Waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        await Eventually.FindAsync($"{sessions} wait for a lock", () => ScalarAsync<long>(Waiting), waiting => waiting >= sessions);
    }

    /// <summary>Runs a statement of a test's own, or several where there are no values.</summary>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first value of the first row; null where that is null or absent, if the type can be.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = Command(sql, values);
        var found = await command.ExecuteScalarAsync();
        return (T)(found is DBNull ? null : found)!;
    }

    private static async Task<TestDatabase> CreateFromAsync(string template)
    {
        var name = $"test_{Guid.NewGuid():n}";
        await using var server = await ConnectAsync();
        // Where nothing is flushed, copying files takes a third of what PostgreSQL's own way takes, which logs each page.
        await ExecuteAsync(server, $"create database {name} template {template} strategy file_copy");
        return new TestDatabase(name, await AddressOfAsync(name));
    }

    private static async Task<string> MakeTemplateAsync()
    {
        var files = new List<MigrationFile>();
        foreach (var folder in GrainHost.SqlFolders)
        {
            files.AddRange(await MigrationFile.ReadAllAsync(folder, CancellationToken.None));
        }

        var schema = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', files.Select(f => f.Source + f.Name + f.Checksum))));
        var name = $"leadgrain_template_{Convert.ToHexStringLower(schema)[..16]}";
        // Closed at the end, with its lock, and not pooled.
        await using var server = new NpgsqlConnection($"{await PostgresServer.AddressAsync()};Pooling=false");
        await server.OpenAsync();
        await ExecuteAsync(server, $"select pg_advisory_lock({TemplateLock})");
        await using var look = new NpgsqlCommand("select 1 from pg_database where datname = $1", server);
        look.Parameters.AddWithValue(name);
        if (await look.ExecuteScalarAsync() is not null)
        {
            return name;
        }
        await ExecuteAsync(server, $"drop database if exists {name}_new with (force)");
        await ExecuteAsync(server, $"create database {name}_new template template0");
        await using (var fresh = NpgsqlDataSource.Create(await AddressOfAsync($"{name}_new")))
        {
            await new Migrator(fresh, TimeProvider.System, NullLogger<Migrator>.Instance)
                .ApplyAsync(CancellationToken.None, GrainHost.SqlFolders);
        }
        await ExecuteAsync(server, $"alter database {name}_new rename to {name}");
        return name;
    }

    private static async Task<string> AddressOfAsync(string database) =>
        // A short pruning keeps the many databases of a run from adding up to the server's max_connections.
        new NpgsqlConnectionStringBuilder((await PostgresServer.AddressAsync()).ConnectionString)
        {
            Database = database,
            IncludeErrorDetail = true,
            ConnectionIdleLifetime = 5,
            ConnectionPruningInterval = 5,
        }.ConnectionString;

    private static async Task<NpgsqlConnection> ConnectAsync() => await (await Server.Value).OpenConnectionAsync();

    // Texts of the tests. Names cannot be parameters; all of those in texts are made above, or by a test.
#pragma warning disable CA2100
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }

    private NpgsqlCommand Command(string sql, object[] values)
    {
        var command = DataSource.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
#pragma warning restore CA2100
}
