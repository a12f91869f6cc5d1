using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;

namespace LeadGrain.Tests.Postgres;

/// <summary>A temporary folder for a private server, which its account can pass through whoever runs the tests.</summary>
internal sealed class ServerFolder : IAsyncDisposable
{
    // In memory where there is plenty: databases made and dropped by the hundred cost ext4 a third of a run's processor time,
    // which looks for inodes that were not in use a moment ago.
    private const string Memory = "/dev/shm";
    private const long PlentyBytes = 4L << 30;

    private readonly List<LocalPostgres> _servers = [];

    public ServerFolder()
    {
        Path = Make("lg-test-");
    }

    public string Path { get; }

    public string DataDirectory => System.IO.Path.Combine(Path, "postgres");

    /// <summary>Not flushed to disk: what a killed process wrote is kept all the same, and only that is tested.</summary>
    public LocalPostgresOptions Options => new(Path)
    {
        Durable = false,
        OtherHomes = [System.IO.Path.Combine(Path, "elsewhere")],
    };

    /// <summary>Makes a new folder that a server's account can work in.</summary>
    public static string Make(string prefix)
    {
        var inMemory = Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace >= PlentyBytes;
        var folder = System.IO.Path.Combine(inMemory ? Memory : System.IO.Path.GetTempPath(), $"{prefix}{Guid.NewGuid():n}");
        Directory.CreateDirectory(folder);
        Open(folder);
        return folder;
    }

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
