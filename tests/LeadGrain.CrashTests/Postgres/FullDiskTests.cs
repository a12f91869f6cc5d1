using System.Diagnostics;
using LeadGrain.CrashTests.Ingestion;
using LeadGrain.CrashTests.Keys;
using Npgsql;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>The database's disk runs full: a small file system in memory.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    [MountFact]
    public async Task On_a_full_disk_requests_are_refused_and_with_space_again_no_lead_is_missing()
    {
        var random = Seed.Next(output);
        await using var disk = await SmallDisk.MountAsync(megabytes: 192);
        await using var server = await FaultyServer.StartAsync(disk.Path);
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = server.ConnectionString });
        await using var run = KeyedRun.Start(output, random, grid.Url);
        await using var posts = await LeadRun.StartAsync(grid.Url);
        for (var round = 0; round < KeyedRun.Rounds(1); round++)
        {
            await run.SufferAsync("full disk", () => FullAsync(run, disk, server), () => ComeBackAsync(server));
        }

        Assert.Contains(run.Ledger.Refused, answer => answer.Status == 503);
        Assert.False(grid.HasExited);
        await run.AssertWholeAsync();
        output.WriteLine(await posts.AssertWholeAsync(mustRefuse: true));
    }

    private static async Task FullAsync(KeyedRun run, SmallDisk disk, FaultyServer server)
    {
        var refused = run.Ledger.Refused.Count;
        disk.Fill();
        await NeedSpaceAsync(server);
        await Eventually.Async("requests are refused", () => run.Ledger.Refused.Count > refused + 20);
        disk.Clear();
    }

    /// <summary>A server that could not write its log shuts itself down, unless there is space before it has tried to recover.</summary>
    private async Task ComeBackAsync(FaultyServer server)
    {
        await Eventually.Async("the server answers or is down", async () => !server.IsRunning || await AnswersAsync(server));
        if (!server.IsRunning)
        {
            output.WriteLine("the server had shut itself down, and is started again");
            await server.RestartAsync();
        }
    }

    private static async Task<bool> AnswersAsync(FaultyServer server)
    {
        try
        {
            return await server.AskAsync<int>("select 1") == 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Has the server begin a new file of its log, for which there is no room: it panics.</summary>
    private static async Task NeedSpaceAsync(FaultyServer server)
    {
        try
        {
            for (var file = 0; file < 3; file++)
            {
                await server.AskAsync<string>("select txid_current()::text || pg_switch_wal()::text");
            }
        }
        catch (NpgsqlException)
        {
            // As is due.
        }
    }
}

/// <summary>A file system of a few megabytes.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    internal string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    internal static async Task<SmallDisk> MountAsync(int megabytes)
    {
        var path = Directory.CreateTempSubdirectory("lg-disk-").FullName;
        Assert.Equal(0, await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=755", "tmpfs", path));
        return new SmallDisk(path);
    }

    internal static async Task<int> RunAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    internal void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            var zeros = new byte[64 * 1024];
            while (true)
            {
                file.Write(zeros);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    internal void Clear() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        Assert.Equal(0, await RunAsync("umount", "--lazy", Path));
        Directory.Delete(Path);
    }
}

/// <summary>A fact where file systems can be mounted; elsewhere it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountFactAttribute : FactAttribute
{
    private static readonly Lazy<Task<bool>> s_canMount = new(CanMountAsync);

    public MountFactAttribute()
    {
        if (!s_canMount.Value.GetAwaiter().GetResult())
        {
            Skip = "A small disk cannot be mounted here: that takes root.";
        }
    }

    private static async Task<bool> CanMountAsync()
    {
        if (!Environment.IsPrivilegedProcess || !OperatingSystem.IsLinux())
        {
            return false;
        }

        var path = Directory.CreateTempSubdirectory("lg-disk-").FullName;
        var can = await SmallDisk.RunAsync("mount", "-t", "tmpfs", "tmpfs", path).ConfigureAwait(false) == 0
            && await SmallDisk.RunAsync("umount", path).ConfigureAwait(false) == 0;
        Directory.Delete(path);
        return can;
    }
}
