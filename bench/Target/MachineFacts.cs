using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace LeadGrain.Bench.Target;

/// <summary>What the figures depend on, without names or paths.</summary>
internal sealed partial record MachineFacts(
    int Cores, double MemoryGiB, string Kernel, string Architecture, string PostgreSql, string DotNet, double FdatasyncMicroseconds)
{
    private const int Flushes = 200;

    internal static MachineFacts Read(DatabaseServer server) => new(
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1),
        Environment.OSVersion.Version.ToString(2),
        RuntimeInformation.OSArchitecture.ToString(),
        server.Version,
        Environment.Version.ToString(),
        Math.Round(MedianFlush(Path.Combine(server.DataDirectory, "flush.probe"))));

    /// <summary>The median of rewriting 8 kB and flushing it, on the disk that the server uses, in microseconds.</summary>
    private static double MedianFlush(string path)
    {
        var page = new byte[8192];
        var times = new double[Flushes];
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Write(page);
            file.Flush(flushToDisk: true);
            for (var i = 0; i < Flushes; i++)
            {
                file.Position = 0;
                page[0] = (byte)i;
                var start = Stopwatch.GetTimestamp();
                file.Write(page);
                _ = Flush(file.SafeFileHandle);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        }

        File.Delete(path);
        return Statistics.Median(times);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Cores} cores, {MemoryGiB} GiB, Linux {Kernel} {Architecture}, PostgreSQL {PostgreSql}, .NET {DotNet}, fdatasync {FdatasyncMicroseconds} µs");

    [LibraryImport("libc", EntryPoint = "fdatasync")]
    private static partial int Flush(SafeHandle file);
}
