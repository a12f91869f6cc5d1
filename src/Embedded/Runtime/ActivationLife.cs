namespace LeadGrain.Embedded.Runtime;

/// <summary>The life of an activation: which calls it starts when, and how it comes and goes.</summary>
internal sealed partial class Activation
{
    private readonly Queue<GrainCall> _waiting = new();
    private readonly List<ActivationTimer> _timers = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Phase _phase = Phase.New;
    private GrainCall? _blocking;
    private int _running;
    private DeactivationReason _reason;
    private long _lastUsed = catalog.Time.GetTimestamp();

    private enum Phase
    {
        New,
        Activating,
        Active,
        Deactivating,
        Gone,
    }

    /// <summary>Cancelled when the activation is put away or cut off.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>Ends when the activation is gone and its last call has ended.</summary>
    internal Task Quiet => _quiet.Task;

    /// <summary>Takes a call, to be started now or later.</summary>
    /// <returns>False where the activation is gone: ask for the next one.</returns>
    internal bool TryTake(GrainCall call)
    {
        lock (_lock)
        {
            if (_phase == Phase.Gone)
            {
                return false;
            }

            if (call.CountsAsUse)
            {
                _lastUsed = catalog.Time.GetTimestamp();
            }

            if (_phase == Phase.New)
            {
                Activate();
            }

            if (_phase != Phase.Active || (!call.Interleaves && _blocking is not null))
            {
                _waiting.Enqueue(call);
                return true;
            }

            Begin(call);
            if (_hasThread)
            {
                Queue(call);
                return true;
            }

            _hasThread = true;
        }

        RunHere(call);
        return true;
    }

    /// <summary>A started call has ended.</summary>
    internal void Ended(GrainCall call)
    {
        lock (_lock)
        {
            _running--;
            if (_blocking == call)
            {
                _blocking = null;
                StartWaiting();
            }

            if (_running == 0)
            {
                RanDry();
            }
        }
    }

    /// <summary>Puts the activation away once its running calls have ended; calls that come meanwhile go to the next one.</summary>
    internal void Deactivate(DeactivationReason reason)
    {
        lock (_lock)
        {
            if (_phase != Phase.Active)
            {
                return;
            }

            _phase = Phase.Deactivating;
            _reason = reason;
            StopTimers();
            if (_running == 0)
            {
                RanDry();
            }
        }
    }

    /// <summary>Puts the activation away if nothing used it for as long as this.</summary>
    internal void DeactivateIfIdle(TimeSpan age)
    {
        lock (_lock)
        {
            if (_running == 0 && catalog.Time.GetElapsedTime(_lastUsed) >= age)
            {
                Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Unused for {age}."));
            }
        }
    }

    /// <summary>Cuts the activation off at once: its host owns the database no more. Calls not yet started are refused.</summary>
    internal void CutOff(Exception reason)
    {
        List<GrainCall> refused;
        lock (_lock)
        {
            refused = [.. _waiting];
            _waiting.Clear();
            Leave();
        }

        refused.ForEach(call => call.Refuse(reason));
    }

    internal ActivationTimer AddTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new ActivationTimer(this, callback, options);
        lock (_lock)
        {
            _timers.Add(timer);
        }

        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    internal void RemoveTimer(ActivationTimer timer)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
        }
    }

    private void Activate()
    {
        _phase = Phase.Activating;
        _turns.Enqueue((static s => _ = ((Activation)s!).ActivateAsync(), this));
        WantThread();
    }

    private void Begin(GrainCall call)
    {
        _running++;
        if (!call.Interleaves)
        {
            _blocking = call;
        }
    }

    private void Queue(GrainCall call)
    {
        _turns.Enqueue((StartCall, call));
        WantThread();
    }

    private void StartCall(object? call) => ((GrainCall)call!).StartElsewhere(this);

    private void StartWaiting()
    {
        while (_phase == Phase.Active
            && _waiting.TryPeek(out var call)
            && (call.Interleaves || _blocking is null))
        {
            _waiting.Dequeue();
            Begin(call);
            Queue(call);
        }
    }

    private void RanDry()
    {
        switch (_phase)
        {
            case Phase.Deactivating:
                _turns.Enqueue((static s => _ = ((Activation)s!).DeactivateAsync(), this));
                WantThread();
                break;
            case Phase.Gone:
                _quiet.TrySetResult();
                break;
        }
    }

    private async Task ActivateAsync()
    {
        try
        {
            Construct();
            await Grain.OnActivateAsync(_ending.Token);
        }
#pragma warning disable CA1031 // Whatever activating threw is the callers'.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            CutOff(exception);
            catalog.Remove(this);
            return;
        }

        lock (_lock)
        {
            if (_phase == Phase.Activating)
            {
                _phase = Phase.Active;
                StartWaiting();
            }
        }
    }

    private async Task DeactivateAsync()
    {
        try
        {
            await Grain.OnDeactivateAsync(_reason, _ending.Token);
        }
#pragma warning disable CA1031 // A grain that fails to say goodbye is gone all the same.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            catalog.Log.DeactivationFailed(exception, grainClass.Name);
        }

        List<GrainCall> moved;
        lock (_lock)
        {
            moved = [.. _waiting];
            _waiting.Clear();
            Leave();
        }

        catalog.Remove(this);
        moved.ForEach(call => catalog.Send(grainClass, key, call));
    }

    private void Leave()
    {
        _phase = Phase.Gone;
        StopTimers();
        _ = _ending.CancelAsync();
        if (_running == 0)
        {
            _quiet.TrySetResult();
        }
    }

    private void StopTimers()
    {
        _timers.ForEach(timer => timer.Stop());
        _timers.Clear();
    }
}
