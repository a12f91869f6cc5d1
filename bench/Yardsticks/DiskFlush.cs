using System.Diagnostics;
using System.Runtime.InteropServices;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Yardsticks;

/// <summary>
/// The least that a durable answer can wait: one write of a page and one fdatasync, a hundred times a second, alone, into a file
/// beside the database's that has its size already, as PostgreSQL's log has.
/// </summary>
internal static partial class DiskFlush
{
    private const int PerSecond = 100;
    private const int PageBytes = 8192;
    private const int Pages = 1024;

    /// <summary>99 % of them were done within so many milliseconds.</summary>
    internal static double P99(DatabaseServer server, double seconds)
    {
        var path = Path.Combine(server.DataDirectory, "flush.bench");
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose);
        RandomAccess.Write(file, new byte[Pages * PageBytes], 0);
        Flush(file);
        var page = new byte[PageBytes];
        var took = new double[(int)(PerSecond * seconds)];
        for (var n = 0; n < took.Length; n++)
        {
            Thread.Sleep(1000 / PerSecond);
            var start = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, page, n % Pages * (long)PageBytes);
            Flush(file);
            took[n] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(took);
        return took[took.Length * 99 / 100];
    }

    private static void Flush(SafeHandle file)
    {
        if (DataSync(file) != 0)
        {
            throw new BenchException($"fdatasync failed with {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeHandle file);
}
