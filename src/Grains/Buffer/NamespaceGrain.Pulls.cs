using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;

namespace LeadGrain.Grains.Buffer;

internal sealed partial class NamespaceGrain
{
    private const int FirstRefill = 50;

    private readonly Queue<Pull> _pulls = new();
    private readonly List<long> _toSkip = [];
    private bool _pulling;
    private int _refill;

    /// <inheritdoc/>
    public Task<PullOutcome> NextAsync(CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_pulls.Count >= options.Value.QueueLimit)
        {
            throw new OverloadedException("Too many pulls wait in this namespace.");
        }

        var pull = new Pull(new TaskCompletionSource<PullOutcome>(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
        _pulls.Enqueue(pull);
        if (!_pulling)
        {
            _pulling = true;
            _ = ApartFromCaller(PumpPullsAsync);
        }

        return pull.Completion.Task;
    }

    private async Task PumpPullsAsync()
    {
        try
        {
            while (_ended is null && (_pulls.Count > 0 || _toSkip.Count > 0))
            {
                if (_window.Count == 0 && _window.ReadThrough < _lastSeq)
                {
                    await RefillAsync();
                }
                else if (_window.Count == 0 && _toSkip.Count == 0)
                {
                    AnswerEmpty();
                }
                else
                {
                    await ServeAsync();
                }
            }
        }
#pragma warning disable CA1031 // The loop's edge: whatever failed ends the activation, and the callers are told.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            End(exception);
        }

        _pulling = false;
    }

    private async Task RefillAsync()
    {
        // A namespace that is asked for one lead reads a few; one that is drained reads ever more at a time.
        _refill = Math.Min(Math.Max(FirstRefill, 2 * _refill), options.Value.WindowLeads);
        var bytes = options.Value.WindowBytes;
        _window.Fill(await store.ReadWaitingAsync(_claimed!.Id, _window.ReadThrough, _refill, bytes, _origins));
    }

    private void AnswerEmpty()
    {
        while (_pulls.TryDequeue(out var pull))
        {
            pull.Completion.TrySetResult(PullOutcome.Empty.Value);
        }
    }

    private async Task ServeAsync()
    {
        var (pulls, marks) = Match();
        if (marks.Count == 0 && _toSkip.Count == 0)
        {
            return;
        }

        var skips = _toSkip.ToArray();
        PullResult result;
        try
        {
            result = await commits.Pulls.CommitAsync(new PullWrite(_claimed!.Id, _claimed.Epoch, marks, skips));
        }
        catch (Exception exception)
        {
            unanswered.Add(GrainKey, marks);
            pulls.ForEach(p => p.Completion.TrySetException(exception));
            throw;
        }

        switch (result)
        {
            case PullResult.Done done:
                _toSkip.RemoveRange(0, skips.Length);
                _skipped += skips.Length;
                Answer(pulls, marks, done.AlreadyServed);
                break;
            default:
                pulls.ForEach(p => p.Completion.TrySetException(Fenced()));
                End(Fenced());
                break;
        }
    }

    /// <summary>Pairs the pulls that still have a caller with the leads in front.</summary>
    private (List<Pull> Pulls, List<ServedMark> Marks) Match()
    {
        var (pulls, marks) = (new List<Pull>(), new List<ServedMark>());
        var now = time.GetUtcNow();
        while (_window.Count > 0 && _pulls.TryDequeue(out var pull))
        {
            if (pull.CancellationToken.IsCancellationRequested)
            {
                pull.Completion.TrySetCanceled(pull.CancellationToken);
            }
            else if (_window.TryTake(out var lead))
            {
                pulls.Add(pull);
                marks.Add(new ServedMark(ids.Next(now), now, lead));
            }
        }

        return (pulls, marks);
    }

    private void Answer(List<Pull> pulls, List<ServedMark> marks, IReadOnlySet<long> alreadyServed)
    {
        var again = new List<Pull>();
        for (var i = 0; i < pulls.Count; i++)
        {
            var (id, _, lead) = marks[i];
            if (alreadyServed.Contains(lead.Seq))
            {
                // The skip is recorded by the next commit; should that never come, the lead is found served once more.
                _toSkip.Add(lead.Seq);
                again.Add(pulls[i]);
            }
            else
            {
                (_served, _lastServedId) = (_served + 1, id);
                pulls[i].Completion.TrySetResult(new PullOutcome.Served(id, lead.Lead, lead.Origin));
            }
        }

        metrics.Pulled(pulls.Count - again.Count, again.Count);
        PutInFront(again);
        if (_toSkip.Count == 0)
        {
            Settle();
        }
    }

    private void PutInFront(List<Pull> pulls)
    {
        if (pulls.Count == 0)
        {
            return;
        }

        var later = _pulls.ToArray();
        _pulls.Clear();
        foreach (var pull in (Pull[])[.. pulls, .. later])
        {
            _pulls.Enqueue(pull);
        }
    }

    private readonly record struct Pull(TaskCompletionSource<PullOutcome> Completion, CancellationToken CancellationToken);
}
