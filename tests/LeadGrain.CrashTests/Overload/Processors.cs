using System.Diagnostics;
using System.Globalization;
using LeadGrain.CrashTests.Postgres;
using LeadGrain.CrashTests.Processes;
using LeadGrain.Silo;

namespace LeadGrain.CrashTests.Overload;

/// <summary>
/// The load on one processor, the host on another, so that the one does not take what the other is measured by. The database is
/// left where Linux puts it: beside a busy host on one processor a session of its waited 100 ms and more for each turn (schedstat),
/// which is no property of either.
/// </summary>
internal sealed class Processors : IAsyncDisposable
{
    // USER_HZ: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly int _grid;
    private readonly int _postmaster;

    private Processors(int grid, int postmaster)
    {
        _grid = grid;
        _postmaster = postmaster;
    }

    /// <summary>Seconds of processor time that the host and its database have taken so far.</summary>
    internal double Taken => Signals.ChildrenOf(_postmaster).Concat([_postmaster, _grid]).Sum(TicksOf) / TicksPerSecond;

    /// <summary>Parts them, where there are two processors.</summary>
    internal static async Task<Processors> PartAsync(GridProcess grid, FaultyServer server)
    {
        var postmaster = PostmasterFile.Read(server.DataDirectory)!.ProcessId;
        if (Environment.ProcessorCount > 1)
        {
            await PinAsync("1", [grid.Id]);
            await PinAsync("0", [Environment.ProcessId]);
        }

        return new Processors(grid.Id, postmaster);
    }

    public async ValueTask DisposeAsync() => await PinAsync($"0-{Environment.ProcessorCount - 1}", [Environment.ProcessId]);

    // proc(5)'s utime and stime, and those of children that have ended; it counts them from 14, here the state is the first.
    private static double TicksOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[11..15].Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }

    // With all of its threads; those that it starts later are where it is.
    private static async Task PinAsync(string processors, int[] processes)
    {
        foreach (var id in processes)
        {
            using var taskset = Process.Start(new ProcessStartInfo("taskset", ["-apc", processors, $"{id}"]) { RedirectStandardOutput = true })!;
            await taskset.StandardOutput.ReadToEndAsync();
            await taskset.WaitForExitAsync();
        }
    }
}
