namespace LeadGrain.Embedded.Runtime;

/// <summary>The life of an activation: how it comes and goes.</summary>
internal sealed partial class Activation
{
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Phase _phase = Phase.New;

    // Calls that have started and not ended; coming and going count as one.
    private int _running;

    private DeactivationReason _reason;

    // Asked for while activating: put away as soon as that is done.
    private DeactivationReason? _asked;

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

    /// <summary>Sees to what an exception that a call let out says of the activation itself.</summary>
    internal void Threw(Exception exception)
    {
        if (exception is InconsistentStateException inconsistent && inconsistent.Owner == this)
        {
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, inconsistent.Message));
        }
    }

    /// <summary>Puts the activation away once its running calls have ended; calls that come meanwhile go to the next one.</summary>
    internal void Deactivate(DeactivationReason reason)
    {
        lock (_lock)
        {
            switch (_phase)
            {
                case Phase.New:
                    Leave();
                    break;
                case Phase.Activating:
                    _asked ??= reason;
                    break;
                case Phase.Active:
                    (_phase, _reason) = (Phase.Deactivating, reason);
                    StopTimers();
                    SayGoodbyeWhenDry();
                    break;
            }
        }
    }

    /// <summary>Puts the activation away if nothing used it for as long as this.</summary>
    internal void DeactivateIfIdle(TimeSpan age)
    {
        lock (_lock)
        {
            if (_phase == Phase.Active && _running == 0 && catalog.Time.GetElapsedTime(_lastUsed) >= age)
            {
                Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Unused for {age}."));
            }
        }
    }

    /// <summary>
    /// Cuts the activation off at once: its host owns the database no more. Calls not yet started are refused, and the grain is
    /// disposed of if it can be; those that have started run on.
    /// </summary>
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

    private void Activate()
    {
        _phase = Phase.Activating;
        _running++;
        _turns.Enqueue((static s => _ = ((Activation)s!).ActivateAsync(), this));
        WantThread();
    }

    private void EndRunning()
    {
        _running--;
        SayGoodbyeWhenDry();
    }

    private void SayGoodbyeWhenDry()
    {
        if (_running > 0)
        {
            return;
        }

        switch (_phase)
        {
            case Phase.Deactivating:
                _running++;
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
            await ConstructAsync();
            await Grain.OnActivateAsync(_ending.Token);
        }
#pragma warning disable CA1031 // Whatever activating threw is the callers'.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            CutOff(exception);
            catalog.Remove(this);
        }

        lock (_lock)
        {
            if (_phase == Phase.Gone)
            {
                DisposeOfGrain();
            }
            else if (_phase == Phase.Activating)
            {
                // The calls that made the activation are served even if it is to be put away: else none ever would be.
                _phase = Phase.Active;
                StartWaiting();
            }

            EndRunning();
            if (_asked is { } reason)
            {
                Deactivate(reason);
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
            moved = [.. _waiting.Where(call => call.OutlivesActivation)];
            _waiting.Clear();
            Leave();
            EndRunning();
        }

        catalog.Remove(this);
        moved.ForEach(call => catalog.Send(grainClass, key, call));
    }

    // As Orleans does with a grain that is disposable. One that is cut off is not left to its calls that had started: what
    // they wait for may be the grain's own to end.
    private void DisposeOfGrain()
    {
        if (Grain is IDisposable)
        {
            _running++;
            _turns.Enqueue((static s => ((Activation)s!).Dispose(), this));
            WantThread();
        }
    }

    private void Dispose()
    {
        try
        {
            ((IDisposable)Grain).Dispose();
        }
#pragma warning disable CA1031 // A grain that fails to clean up is gone all the same.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            catalog.Log.DeactivationFailed(exception, grainClass.Name);
        }

        lock (_lock)
        {
            EndRunning();
        }
    }

    private void Leave()
    {
        if (_phase is Phase.Active or Phase.Deactivating)
        {
            DisposeOfGrain();
        }

        _phase = Phase.Gone;
        StopTimers();
        _ = _ending.CancelAsync();
        if (_running == 0)
        {
            _quiet.TrySetResult();
        }
    }
}
