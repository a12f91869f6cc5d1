using System.Diagnostics;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// The process's commit lanes, in which the writes of all its namespaces meet. Pulls do not wait for pushes, and pushes not
/// for those that fill a commit alone.
/// </summary>
internal sealed class BufferCommits
{
    private static readonly ActivitySource s_activities = new("LeadGrain.Buffer");

    private readonly BufferMetrics _metrics;
    private readonly GroupCommit<PushWrite, bool> _pushes;
    private readonly GroupCommit<PushWrite, bool> _largePushes;
    private readonly int _limit;

    public BufferCommits(BufferStore store, BufferMetrics metrics, IOptions<BufferOptions> options)
    {
        _metrics = metrics;
        _limit = options.Value.CommitLeads;
        var push = Measured<PushWrite, bool>("push", store.CommitPushesAsync);
        Pulls = new(Measured<PullWrite, PullResult>("pull", store.CommitPullsAsync), w => w.Weight, _limit, options.Value.PullCommits, w => w.OrganizationId);
        _pushes = new(push, w => w.Weight, _limit, options.Value.PushCommits, w => w.OrganizationId);
        _largePushes = new(push, w => w.Weight, _limit, maxConcurrent: 1, w => w.OrganizationId);
    }

    internal GroupCommit<PullWrite, PullResult> Pulls { get; }

    /// <summary>Commits a push, or several of one namespace.</summary>
    /// <returns>False where its claim is no longer the newest, or a key of it was taken.</returns>
    internal Task<bool> PushAsync(PushWrite write) => (write.Weight > _limit ? _largePushes : _pushes).CommitAsync(write);

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
