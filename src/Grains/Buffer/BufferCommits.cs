using System.Diagnostics;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Buffer;

/// <summary>The process's two commit lanes, in which the writes of all its namespaces meet. Pulls do not wait for pushes.</summary>
internal sealed class BufferCommits
{
    private static readonly ActivitySource s_activities = new("LeadGrain.Buffer");

    private readonly BufferMetrics _metrics;

    public BufferCommits(BufferStore store, BufferMetrics metrics, IOptions<BufferOptions> options)
    {
        _metrics = metrics;
        var (limit, lanes) = (options.Value.JoinedLeads, options.Value.ConcurrentCommits);
        Pulls = new(Measured<PullWrite, PullResult>("pull", store.CommitPullsAsync), w => w.Weight, limit, lanes, w => w.OrganizationId);
        Pushes = new(Measured<PushWrite, bool>("push", store.CommitPushesAsync), w => w.Leads.Count + w.Answers.Count, limit, lanes, w => w.OrganizationId);
    }

    internal GroupCommit<PullWrite, PullResult> Pulls { get; }

    internal GroupCommit<PushWrite, bool> Pushes { get; }

    private Func<IReadOnlyList<TWrite>, Task<TResult[]>> Measured<TWrite, TResult>(
        string kind, Func<IReadOnlyList<TWrite>, Task<TResult[]>> commit)
        => async writes =>
        {
            using var activity = s_activities.StartActivity($"buffer {kind} commit");
            activity?.SetTag("leadgrain.buffer.commit.writes", writes.Count);
            var start = Stopwatch.GetTimestamp();
            var results = await commit(writes).ConfigureAwait(false);
            _metrics.Committed(kind, writes.Count, Stopwatch.GetElapsedTime(start));
            return results;
        };
}
