using LeadGrain.Silo;

namespace LeadGrain.CrashTests.Processes;

/// <summary>A temporary folder for a host that keeps its own database there.</summary>
internal sealed class GridFolder : IAsyncDisposable
{
    internal GridFolder()
    {
        Path = ServerFolder.Make("lg-crash-");
    }

    internal string Path { get; }

    internal string DataDirectory => System.IO.Path.Combine(Path, "postgres");

    /// <summary>Also ends a server that a failed test left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        if (PostmasterFile.Read(DataDirectory)?.IsRunning() == true)
        {
            var cluster = await PostgresCluster.OpenAsync(new LocalPostgresOptions(Path), CancellationToken.None);
            await cluster.RunAsync(CancellationToken.None, cluster.Binaries.PgCtl, "stop", "--silent", "--mode", "immediate");
        }

        Directory.Delete(Path, recursive: true);
    }
}
