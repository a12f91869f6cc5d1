using System.Runtime.CompilerServices;

namespace LeadGrain.Embedded.Runtime;

/// <summary>The calls and timers of an activation: which starts when.</summary>
internal sealed partial class Activation
{
    private readonly Queue<GrainCall> _waiting = new();
    private readonly List<ActivationTimer> _timers = [];

    // The call that has started and does not interleave.
    private GrainCall? _blocking;

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

            if (!MayStart(call))
            {
                _waiting.Enqueue(call);
                return true;
            }

            // A call runs on its caller's stack where it can; a long chain of grains must not use all of that up.
            Begin(call);
            if (_hasThread || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
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
            if (call.CountsAsUse)
            {
                _lastUsed = catalog.Time.GetTimestamp();
            }

            if (_blocking == call)
            {
                _blocking = null;
                StartNext();
            }

            EndRunning();
        }
    }

    internal ActivationTimer AddTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new ActivationTimer(this, callback, options);
        timer.Change(options.DueTime, options.Period);
        lock (_lock)
        {
            if (_phase is Phase.Deactivating or Phase.Gone)
            {
                timer.Stop();
            }
            else
            {
                _timers.Add(timer);
            }
        }

        return timer;
    }

    internal void RemoveTimer(ActivationTimer timer)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
        }
    }

    private bool MayStart(GrainCall call)
        => _phase == Phase.Active && (call.Interleaves || _blocking is null);

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

    /// <summary>Starts the call that has waited longest; those that wait in an active grain do not interleave.</summary>
    private void StartNext()
    {
        if (_waiting.TryPeek(out var call) && MayStart(call))
        {
            _waiting.Dequeue();
            Begin(call);
            Queue(call);
        }
    }

    /// <summary>Starts what came while activating: the first call, and all that interleave, however far behind it.</summary>
    private void StartWaiting()
    {
        for (var n = _waiting.Count; n > 0; n--)
        {
            var call = _waiting.Dequeue();
            if (MayStart(call))
            {
                Begin(call);
                Queue(call);
            }
            else
            {
                _waiting.Enqueue(call);
            }
        }
    }

    private void StopTimers()
    {
        _timers.ForEach(timer => timer.Stop());
        _timers.Clear();
    }
}
