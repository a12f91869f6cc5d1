namespace LeadGrain.Embedded.Runtime;

/// <summary>A grain's timer: each tick is a call of the activation, and the period counts from its end.</summary>
internal sealed class ActivationTimer : IGrainTimer
{
    private readonly Lock _lock = new();
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly ITimer _timer;
    private TimeSpan _period;

    // A tick waits or runs.
    private bool _ticking;

    // New times were set since that tick began, and count instead of the period.
    private bool _changed;

    // It was time for the next tick while that one ran.
    private bool _overdue;

    private bool _stopped;

    internal ActivationTimer(
        Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        (_activation, _callback, _options) = (activation, callback, options);
        using (ExecutionContext.SuppressFlow())
        {
            _timer = activation.Catalog.Time.CreateTimer(
                static s => ((ActivationTimer)s!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        ThrowIfNegative(dueTime, nameof(dueTime));
        ThrowIfNegative(period, nameof(period));
        lock (_lock)
        {
            if (!_stopped)
            {
                (_period, _changed, _overdue) = (period, true, false);
                _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _activation.RemoveTimer(this);
        Stop();
    }

    internal void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            _timer.Dispose();
        }
    }

    private static void ThrowIfNegative(TimeSpan time, string name)
    {
        if (time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            if (_ticking)
            {
                _overdue = true;
                return;
            }

            (_ticking, _changed) = (true, false);
        }

        // Refused only by an activation that is gone, and its timers have stopped for good.
        _activation.TryTake(new TickCall(this));
    }

    private void EndTick()
    {
        lock (_lock)
        {
            _ticking = false;
            if (_stopped || (_changed && !_overdue))
            {
                return;
            }

            _timer.Change(_overdue ? TimeSpan.Zero : _period, Timeout.InfiniteTimeSpan);
            _overdue = false;
        }
    }

    private sealed class TickCall(ActivationTimer timer) : GrainCall
    {
        internal override bool Interleaves => timer._options.Interleave;

        internal override bool CountsAsUse => timer._options.KeepAlive;

        internal override bool OutlivesActivation => false;

        internal override void Start(Activation activation) => _ = RunAsync(activation);

        internal override void Refuse(Exception reason)
        {
        }

        private async Task RunAsync(Activation activation)
        {
            try
            {
                if (!Volatile.Read(ref timer._stopped))
                {
                    await timer._callback(activation.Ending).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (activation.Ending.IsCancellationRequested)
            {
                // Told to end, and did.
            }
#pragma warning disable CA1031 // The loop's edge: a failed tick is logged, and the next one comes.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                activation.Catalog.Log.TickFailed(exception, activation.GrainClass.Name);
            }

            timer.EndTick();
            activation.Ended(this);
        }
    }
}
