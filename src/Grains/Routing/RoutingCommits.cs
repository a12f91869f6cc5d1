using System.Diagnostics;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Routing;

/// <summary>The process's lanes in which the leads of all organizations meet: what is looked up, and what is committed.</summary>
internal sealed class RoutingCommits
{
    private readonly RoutingMetrics _metrics;

    public RoutingCommits(RoutedLeadStore store, RoutingMetrics metrics, IOptions<RoutingOptions> options)
    {
        _metrics = metrics;
        var (limit, lanes) = (options.Value.CommitLeads, options.Value.ConcurrentCommits);
        Histories = new(store.LookUpAsync, static _ => 1, limit, lanes, static query => query.OrganizationId);
        Leads = new(writes => MeasureAsync(store.CommitAsync, writes), static _ => 1, limit, lanes, static write => write.OrganizationId);
        Pool = new(writes => MeasureAsync(store.CommitPoolAsync, writes), static _ => 1, limit, maxConcurrent: 1, static write => write.OrganizationId);
        Arrivals = new(store.ArriveAsync, static _ => 1, limit, lanes, static arrival => arrival.Audit.OrganizationId);
    }

    internal GroupCommit<HistoryQuery, EmailHistory> Histories { get; }

    internal GroupCommit<IngestWrite, IngestCommit> Leads { get; }

    /// <summary>Leads of the holding pool: a lane of their own, so that new ones do not wait behind them.</summary>
    internal GroupCommit<IngestWrite, IngestCommit> Pool { get; }

    internal GroupCommit<NamespaceArrival, bool> Arrivals { get; }

    private async Task<IngestCommit[]> MeasureAsync(
        Func<IReadOnlyList<IngestWrite>, Task<IngestCommit[]>> commit, IReadOnlyList<IngestWrite> writes)
    {
        var start = Stopwatch.GetTimestamp();
        var results = await commit(writes).ConfigureAwait(false);
        _metrics.Committed(writes.Count, Stopwatch.GetElapsedTime(start));
        return results;
    }
}
