using System.Diagnostics;
using LeadGrain.CrashTests.Postgres;
using LeadGrain.CrashTests.Processes;
using LeadGrain.Silo;

namespace LeadGrain.CrashTests.Overload;

/// <summary>The load on one processor, the host and its database on another, so that the one does not take what the other is measured by.</summary>
internal sealed class Processors : IAsyncDisposable
{
    private Processors()
    {
    }

    /// <summary>Parts them, where there are two processors.</summary>
    internal static async Task<Processors> PartAsync(GridProcess grid, FaultyServer server)
    {
        if (Environment.ProcessorCount > 1)
        {
            var postmaster = PostmasterFile.Read(server.DataDirectory)!.ProcessId;
            await PinAsync("1", [grid.Id, postmaster, .. Signals.ChildrenOf(postmaster)]);
            await PinAsync("0", [Environment.ProcessId]);
        }

        return new Processors();
    }

    public async ValueTask DisposeAsync() => await PinAsync($"0-{Environment.ProcessorCount - 1}", [Environment.ProcessId]);

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

/// <summary>Tests that measure: none runs beside another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    internal const string Name = "alone";
}
