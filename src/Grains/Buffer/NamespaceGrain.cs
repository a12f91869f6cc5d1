using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Cursors;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// One namespace. Pushes and pulls enqueue; one pump for each takes all that wait, writes it in one commit, then changes
/// memory and answers. A write that is refused or fails ends the activation: the next one starts from the database.
/// </summary>
internal sealed partial class NamespaceGrain(
    BufferStore store,
    BufferCommits commits,
    CursorStore cursors,
    DeadLeadStore deadLeads,
    KeyLookups keys,
    UnansweredPulls unanswered,
    RisingIds ids,
    ServedSetBudget servedSets,
    WaitingShare waiting,
    BufferMetrics metrics,
    LeaseMetrics leaseMetrics,
    IOptions<BufferOptions> options,
    TimeProvider time,
    ILogger<NamespaceGrain> log) : Grain, INamespaceGrain, IDisposable
{
    private readonly OriginCache _origins = new();
    private readonly ServedSet _servedSet = new(servedSets);
    private readonly Window _window = new(options.Value.WindowLeads, options.Value.WindowBytes, waiting);
    private NamespaceKey _key = null!;
    private IGrainTimer? _checkpointTimer;

    // Null until the namespace exists: a pull or a look at an unknown name creates nothing.
    private ClaimedNamespace? _claimed;

    private Task? _creating;
    private long _lastSeq;
    private long _served;
    private long _skipped;
    private bool _paused;
    private Guid _lastId;
    private Checkpoint _checkpoint;
    private long _gapsThrough;
    private bool _checkpointDue;
    private Exception? _ended;
    private bool _isCounted;

    private string GrainKey => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = NamespaceKey.FromGrainKey(GrainKey);
        var marks = unanswered.Of(GrainKey);
        if (await store.ClaimAsync(_key, marks) is { } claimed)
        {
            await LoadAsync(claimed);
        }
        else
        {
            WatchUnknown();
        }

        waiting.Report();
        unanswered.Forget(GrainKey, marks);
        _isCounted = true;
        metrics.Activated();
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_ended is null)
        {
            await CheckpointAsync(cancellationToken);
        }
    }

    /// <summary>Gives back what the process lent it, and refuses those who still wait.</summary>
    public void Dispose()
    {
        _ended ??= new OwnershipLostException("The host owns the database no more.");
        RefuseQueued();
        _servedSet.Abandon();
        waiting.End();
        if (_isCounted)
        {
            _isCounted = false;
            metrics.Deactivated();
        }
    }

    /// <inheritdoc/>
    public async Task<byte[]?> GetCursorAsync(CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        return _claimed is null ? null : await cursors.GetAsync(_claimed.Id, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task SetCursorAsync(byte[] state, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        var claimed = await ClaimOrCreateAsync();
        if (!await cursors.SetAsync(claimed.Id, claimed.Epoch, state, cancellationToken))
        {
            throw End(Fenced());
        }
    }

    /// <inheritdoc/>
    public async Task<bool> SetPausedAsync(bool paused, Actor actor, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_claimed is not { } claimed)
        {
            return false;
        }

        bool isDone;
        try
        {
            isDone = await store.SetPausedAsync(claimed, _key.Name, paused, actor);
        }
        catch (Exception unknown)
        {
            // It may be done: the next activation reads it.
            End(unknown);
            throw;
        }

        if (!isDone)
        {
            throw End(Fenced());
        }

        _paused = paused;
        while (paused && _waiters.TryDequeue(out var waiter))
        {
            waiter.TryEnd(PullOutcome.Paused.Value);
        }

        return true;
    }

    private async Task LoadAsync(ClaimedNamespace claimed)
    {
        _currentAt = time.GetTimestamp();
        ids.RiseAbove(claimed.LastId);
        var since = await store.ReadSettledSinceAsync(claimed.Id, claimed.Settled);
        (_checkpoint, _lastId, _paused) = (claimed.Settled, claimed.LastId, claimed.Paused);
        (_served, _skipped) = (_checkpoint.Served + since.Served, _checkpoint.Skipped + since.Skipped);
        if (_checkpoint.Seq < since.LastSeq)
        {
            _window.FillWholly(await store.ReadGapsAsync(claimed.Id, _checkpoint, since.LastSeq, _origins));
            _gapsThrough = since.LastSeq;
        }

        if (_served == 0)
        {
            _servedSet.Complete();
        }

        _window.StartAfter(since.LastSeq);
        await LoadHeldAsync(claimed);
        (_claimed, _lastSeq) = (claimed, claimed.LastSeq);
    }

    private async Task<ClaimedNamespace> ClaimOrCreateAsync()
    {
        if (_claimed is null)
        {
            // Two calls may come here, each at an await of the other: they share one claim.
            await (_creating ??= CreateAsync());
        }

        return _claimed!;
    }

    private async Task CreateAsync()
    {
        try
        {
            await LoadAsync(await store.CreateAsync(_key));
        }
        catch (Exception exception)
        {
            // What was loaded by then is not to be loaded again on top: the next activation starts over.
            End(exception);
            throw;
        }
    }

    private void ThrowIfEnded()
    {
        if (_ended is not null)
        {
            throw new OwnershipLostException("This activation has ended.");
        }
    }

    /// <summary>Ends the activation for a write that was refused or failed.</summary>
    private Exception End(Exception cause)
    {
        if (_ended is null)
        {
            _ended = cause;
            LogEnded(cause.GetType().Name);
            RefuseQueued();
            DeactivateOnIdle();
        }

        return cause;
    }

    private void RefuseQueued()
    {
        var refusal = new OwnershipLostException("This activation has ended.");
        foreach (var pull in (IEnumerable<Pull>)[.. _again, .. _waiters, .. _pulls])
        {
            pull.Fail(refusal);
        }

        foreach (var change in _changes)
        {
            change.Fail(refusal);
        }

        while (_pushes.TryDequeue(out var push))
        {
            push.Completion.TrySetException(refusal);
        }

        _again.Clear();
        _waiters.Clear();
        _pulls.Clear();
        _changes.Clear();
    }

    // A pump outlives the call that starts it, so it must not carry that call's trace and log scope along.
    private static Task ApartFromCaller(Func<Task> pump)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return pump();
        }
    }

    private static OwnershipLostException Fenced() => new("Another activation owns this namespace.");

    /// <summary>Moves the checkpoint behind what was just committed, and sees to its being written soon.</summary>
    private void MoveCheckpoint()
    {
        // Leads that are to be skipped still wait, by the database; and between gaps there are settled leads, which a
        // checkpoint before them would hide from the next activation.
        if (_toSkip.Count > 0 || _window.NextSeq <= _gapsThrough)
        {
            return;
        }

        _checkpoint = new Checkpoint(_window.NextSeq - 1, _lastId, _served, _skipped);
        if (!_checkpointDue)
        {
            _checkpointDue = true;
            ScheduleCheckpoint();
        }
    }

    private void ScheduleCheckpoint()
    {
        var after = options.Value.CheckpointAfter;
        if (_checkpointTimer is null)
        {
            _checkpointTimer = this.RegisterGrainTimer(
                CheckpointAsync, new GrainTimerCreationOptions(after, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
        else
        {
            _checkpointTimer.Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task CheckpointAsync(CancellationToken cancellationToken)
    {
        if (_checkpointDue && _claimed is { } claimed && _ended is null)
        {
            _checkpointDue = false;
            await store.WriteCheckpointAsync(claimed.Id, claimed.Epoch, _checkpoint);
        }
    }

    [LoggerMessage(100, LogLevel.Warning, "A namespace activation ends after {Cause}; the next one starts from the database")]
    private partial void LogEnded(string cause);
}
