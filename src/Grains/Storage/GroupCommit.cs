using LeadGrain.GrainInterfaces.Faults;
using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>
/// Joins the writes of many grains into few commits: while one commit is under way, the writes that arrive wait for the
/// next. A lone write is committed at once. Parties take turns, so that one with many writes does not hold the others up.
/// </summary>
/// <param name="commit">Commits writes together, all or none, and answers for each, in order.</param>
/// <param name="weigh">How much of a commit's limit a write takes.</param>
/// <param name="maxWeight">The limit of one commit; a heavier write goes alone.</param>
/// <param name="maxConcurrent">How many commits may be under way at once.</param>
/// <param name="party">On whose behalf a write is made: its organization's id. Null: all are one party, served in order.</param>
/// <param name="order">The order of writes within a commit, so that two commits of the same rows cannot deadlock. Null: as they came.</param>
internal sealed class GroupCommit<TWrite, TResult>(
    Func<IReadOnlyList<TWrite>, Task<TResult[]>> commit,
    Func<TWrite, int> weigh,
    int maxWeight,
    int maxConcurrent,
    Func<TWrite, long>? party = null,
    Comparison<TWrite>? order = null)
{
    private readonly Lock _lock = new();
    private readonly FairQueue<long, Entry> _waiting = new();
    private int _committers;

    /// <summary>Commits a write, together with whatever else waits.</summary>
    /// <param name="write">The write.</param>
    /// <param name="givenUp">Tells that nobody waits for it any more; what a commit has taken by then goes on.</param>
    /// <exception cref="StorageUnavailableException">The outcome is unknown.</exception>
    /// <exception cref="OperationCanceledException">It was given up before a commit took it, and is not written.</exception>
    internal Task<TResult> CommitAsync(TWrite write, CancellationToken givenUp = default)
    {
        var entry = new Entry(write, new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously), givenUp);
        lock (_lock)
        {
            _waiting.Enqueue(party?.Invoke(write) ?? 0, entry);
            if (_committers < maxConcurrent)
            {
                _committers++;
                ThreadPool.UnsafeQueueUserWorkItem(static self => _ = self.RunAsync(), this, preferLocal: true);
            }
        }

        return entry.Completion.Task;
    }

    private async Task RunAsync()
    {
        while (Take() is { } entries)
        {
            if (order is not null)
            {
                entries.Sort((a, b) => order(a.Write, b.Write));
            }

            await CommitTogetherAsync(entries).ConfigureAwait(false);
        }
    }

    private List<Entry>? Take()
    {
        lock (_lock)
        {
            var taken = new List<Entry>(_waiting.Count);
            var weight = 0;
            while (TryPeek(out var entry) && ((weight += weigh(entry.Write)) <= maxWeight || taken.Count == 0))
            {
                taken.Add(_waiting.Dequeue());
            }

            if (taken.Count > 0)
            {
                return taken;
            }

            _committers--;
            return null;
        }
    }

    // Those that were given up end here: behind a database that stood still nobody would have what they write.
    private bool TryPeek(out Entry entry)
    {
        while (_waiting.TryPeek(out entry) && entry.GivenUp.IsCancellationRequested)
        {
            _waiting.Dequeue().Completion.SetCanceled(entry.GivenUp);
        }

        return _waiting.Count > 0;
    }

    private async Task CommitTogetherAsync(List<Entry> entries)
    {
        try
        {
            var results = await commit(entries.ConvertAll(e => e.Write)).ConfigureAwait(false);
            for (var i = 0; i < entries.Count; i++)
            {
                entries[i].Completion.SetResult(results[i]);
            }
        }
        catch (PostgresException exception) when (entries.Count > 1 && !StorageFaults.IsUnavailable(exception))
        {
            // The server refused the whole for the sake of one, and has rolled back: each goes alone, so that one grain's
            // bad write is that grain's own failure.
            foreach (var entry in entries)
            {
                await CommitTogetherAsync([entry]).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // The loop's edge: the failure is its writers'.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var failure = StorageFaults.IsUnavailable(exception) ? StorageFaults.Unavailable(exception) : exception;
            entries.ForEach(e => e.Completion.SetException(failure));
        }
    }

    private readonly record struct Entry(TWrite Write, TaskCompletionSource<TResult> Completion, CancellationToken GivenUp);
}
