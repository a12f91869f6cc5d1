using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Buffer;

/// <summary>The process's two commit lanes, in which the writes of all its namespaces meet. Pulls do not wait for pushes.</summary>
internal sealed class BufferCommits(BufferStore store, IOptions<BufferOptions> options)
{
    internal GroupCommit<PullWrite, PullResult> Pulls { get; } = new(
        store.CommitPullsAsync, w => w.Served.Count + w.Skipped.Count, options.Value.CommitLeads, options.Value.ConcurrentCommits);

    internal GroupCommit<PushWrite, bool> Pushes { get; } = new(
        store.CommitPushesAsync, w => w.Leads.Count, options.Value.CommitLeads, options.Value.ConcurrentCommits);
}
