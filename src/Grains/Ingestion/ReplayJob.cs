using LeadGrain.Grains.Jobs;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>
/// Normalizes entries of the raw log anew. A lead keeps its id and what was made of it since, so replaying twice changes
/// nothing.
/// </summary>
internal sealed class ReplayJob(ReplayStore store, Settling settling) : IJobKind
{
    internal const string KindName = "replay";

    /// <inheritdoc/>
    public string Name => KindName;

    /// <inheritdoc/>
    public Task<long> CountAsync(ClaimedJob job, CancellationToken cancellationToken) => store.CountAsync(job, cancellationToken);

    /// <inheritdoc/>
    public async Task<JobStep?> StepAsync(ClaimedJob job, NpgsqlBatch batch, int most)
    {
        var next = await ReplayStore.NextAsync(batch.Connection!, job, most);
        if (next.Count == 0)
        {
            return null;
        }

        var rows = next.FindAll(static n => n.Matches).ConvertAll(static n => n.Row);
        var settled = await settling.DecideAsync(rows, new KeyClaim?[rows.Count]);

        // A lead that stands is not taken back because its bytes say nothing to the normalizer of today. What it stumbles over is
        // passed over.
        SettleStore.Add(batch, Array.FindAll(settled, static s => s.Verdict is not Verdict.Open), Standing.Renewed);
        return new JobStep(rows.Count, settled.Count(static s => s.Verdict is Verdict.Invalid or Verdict.Open), next[^1].Row.Id);
    }
}
