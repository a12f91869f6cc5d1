using System.Diagnostics;
using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

/// <summary>The server that the tests of a run share, each with a database of its own.</summary>
/// <remarks>
/// LEADGRAIN_TEST_DATABASE_URL names another one to use. Ours never flushes to disk, and goes when the run's process goes,
/// however that ends.
/// </remarks>
internal static class PostgresServer
{
    private static readonly Lazy<Task<NpgsqlConnectionStringBuilder>> Shared = new(StartAsync);

    // Holds the other end of the reaper's standard input; it acts when the kernel closes ours.
    private static Process? _reaper;

    /// <summary>The maintenance database of the server, started on first use.</summary>
    public static Task<NpgsqlConnectionStringBuilder> AddressAsync() => Shared.Value;

    private static async Task<NpgsqlConnectionStringBuilder> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("LEADGRAIN_TEST_DATABASE_URL") is { Length: > 0 } url)
        {
            return DatabaseUrl.Parse(url);
        }
        var root = new ServerFolder();
        var server = await LocalPostgres.StartAsync(
            new LocalPostgresOptions(root.Path) { Durable = false },
            TimeProvider.System, NullLogger<LocalPostgres>.Instance, CancellationToken.None);
        await ReapAtExitAsync(root.Path, server.DataDirectory);
        return new NpgsqlConnectionStringBuilder(server.ConnectionString);
    }

    private static async Task ReapAtExitAsync(string root, string dataDirectory)
    {
        // Two forks away and deaf to Ctrl-C, so that what ends the run does not end it. SIGQUIT is an immediate shutdown;
        // the server holds its own files open while it goes, and has gone when its pid file has.
        const string Script = """
            exec 3<&0
            (
              trap '' INT TERM HUP
              cat <&3 >/dev/null
              kill -QUIT "$(head -n 1 "$2/postmaster.pid")"
              n=0; while [ -e "$2/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
              rm -rf "$1" "$2"
            ) >/dev/null 2>&1 &
            """;
        _reaper = new Process
        {
            StartInfo = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", root, dataDirectory])
            {
                RedirectStandardInput = true,
                WorkingDirectory = "/",
            },
        };
        _reaper.Start();
        await _reaper.WaitForExitAsync();
    }
}
