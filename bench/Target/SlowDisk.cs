using System.Diagnostics;

namespace LeadGrain.Bench.Target;

/// <summary>A disk whose flushes take at least a set time: a shim around fsync and fdatasync, loaded into PostgreSQL only.</summary>
internal sealed class SlowDisk
{
    private readonly string _library;
    private readonly string _control;

    private SlowDisk(string library, string control) => (_library, _control) = (library, control);

    /// <summary>What PostgreSQL is started with.</summary>
    internal IEnumerable<string> Variables => [$"LD_PRELOAD={_library}", $"SLOWDISK_FILE={_control}"];

    /// <summary>Compiles the shim where the server's account can read it.</summary>
    internal static async Task<SlowDisk> BuildAsync(DatabaseServer server, CancellationToken cancellationToken)
    {
        var library = Path.Combine(server.DataDirectory, "slowdisk.so");
        var control = Path.Combine(server.DataDirectory, "slowdisk.microseconds");
        var source = Path.Combine(AppContext.BaseDirectory, "Target", "slowdisk.c");
        using var compiler = Process.Start("cc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
        await compiler.WaitForExitAsync(cancellationToken);
        if (compiler.ExitCode != 0)
        {
            throw new BenchException("The slow disk's shim does not compile.");
        }

        var disk = new SlowDisk(library, control);
        disk.TakeAtLeast(TimeSpan.Zero);
        await server.GiveAsync(library, cancellationToken);
        await server.GiveAsync(control, cancellationToken);
        return disk;
    }

    /// <summary>From now on each flush takes this long, or longer if the real disk does. At once, without a restart.</summary>
    internal void TakeAtLeast(TimeSpan time)
    {
        // In place: the server has the file mapped.
        using var file = new FileStream(_control, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(BitConverter.GetBytes((uint)time.TotalMicroseconds));
    }
}
