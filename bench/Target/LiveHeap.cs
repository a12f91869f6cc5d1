using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;

namespace LeadGrain.Bench.Target;

/// <summary>What a process really holds: its managed heap right after a full collection. Resident memory also has what the collector keeps for later.</summary>
internal static class LiveHeap
{
    // A session that asks for this keyword makes the runtime collect everything first.
    private const long CollectKeyword = 0x800000;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Makes the grid collect, and asks what was left.</summary>
    /// <returns>Bytes of all generations.</returns>
    internal static async Task<long> BytesAsync(GridProcess grid, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        using var client = new GridClient(grid, "any");
        var before = await FullCollectionsAsync(client, patience.Token);
        var provider = new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, CollectKeyword);
        using var session = await new DiagnosticsClient(grid.Id).StartEventPipeSessionAsync([provider], requestRundown: false, token: patience.Token);
        var drained = session.EventStream.CopyToAsync(Stream.Null, patience.Token);
        while (await FullCollectionsAsync(client, patience.Token) <= before)
        {
            await Task.Delay(s_pause, patience.Token);
        }

        await session.StopAsync(patience.Token);
        await drained;
        var size = await client.MetricAsync("dotnet_gc_last_collection_heap_size_bytes", patience.Token);
        return (long)(size - await client.MetricAsync("dotnet_gc_last_collection_heap_fragmentation_size_bytes", patience.Token));
    }

    private static Task<double> FullCollectionsAsync(GridClient client, CancellationToken cancellationToken)
        => client.MetricAsync("dotnet_gc_collections_total{gc_heap_generation=\"gen2\"}", cancellationToken);
}
