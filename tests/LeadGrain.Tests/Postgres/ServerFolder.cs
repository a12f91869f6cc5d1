using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;

namespace LeadGrain.Tests.Postgres;

/// <summary>A temporary folder for a private server, which its account can pass through whoever runs the tests.</summary>
internal sealed class ServerFolder : IAsyncDisposable
{
    private readonly List<LocalPostgres> _servers = [];

    public ServerFolder()
    {
        Path = Directory.CreateTempSubdirectory("lg-test-").FullName;
        Open(Path);
    }

    public string Path { get; }

    public string DataDirectory => System.IO.Path.Combine(Path, "postgres");

    /// <summary>Not flushed to disk: what a killed process wrote is kept all the same, and only that is tested.</summary>
    public LocalPostgresOptions Options => new(Path)
    {
        Durable = false,
        OtherHomes = [System.IO.Path.Combine(Path, "elsewhere")],
    };

    public static void Open(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        }
    }

    public static void Close(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_000_000);
        }
    }

    public Task<LocalPostgres> StartAsync() => StartAsync(Options);

    public async Task<LocalPostgres> StartAsync(LocalPostgresOptions options)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var server = await LocalPostgres.StartAsync(
            options, TimeProvider.System, NullLogger<LocalPostgres>.Instance, patience.Token);
        _servers.Add(server);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
        Directory.Delete(Path, recursive: true);
    }
}
