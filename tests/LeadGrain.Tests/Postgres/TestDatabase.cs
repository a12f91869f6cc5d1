using System.Diagnostics;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

/// <summary>A database of its own on a throw-away cluster that all tests of the process share.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private const string Bin = "/usr/lib/postgresql/15/bin";
    private static readonly Lazy<string> Socket = new(StartCluster);
    private static int _count;

    private TestDatabase(string connectionString)
    {
        ConnectionString = connectionString;
        DataSource = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource { get; }

    public static async Task<TestDatabase> CreateAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _count)}";
        await using (var admin = NpgsqlDataSource.Create($"Host={Socket.Value};Username=postgres;Database=postgres;Pooling=false"))
        {
            await admin.CreateCommand($"create database {name}").ExecuteNonQueryAsync();
        }

        var database = new TestDatabase($"Host={Socket.Value};Username=postgres;Database={name};Maximum Pool Size=10");
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "sql"), "*.sql").Order(StringComparer.Ordinal))
        {
            await database.DataSource.CreateCommand(await File.ReadAllTextAsync(file)).ExecuteNonQueryAsync();
        }

        return database;
    }

    public ValueTask DisposeAsync() => DataSource.DisposeAsync();

    private static string StartCluster()
    {
        var home = Directory.CreateTempSubdirectory("leadgrain-tests-").FullName;
        Run("chown", "postgres", home);
        Run("runuser", "-u", "postgres", "--", $"{Bin}/initdb", "-D", $"{home}/data", "-A", "trust", "--no-sync");
        Run("runuser", "-u", "postgres", "--", $"{Bin}/pg_ctl", "-D", $"{home}/data", "-w", "-l", $"{home}/log",
            "-o", $"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off -c max_connections=300", "start");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            Run("runuser", "-u", "postgres", "--", $"{Bin}/pg_ctl", "-D", $"{home}/data", "-m", "immediate", "stop");
            Directory.Delete(home, recursive: true);
        };
        return home;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}");
        }
    }
}
