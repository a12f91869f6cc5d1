namespace LeadGrain.Embedded.Runtime;

/// <summary>A grain's timer: each tick is a call of the activation, and the period counts from its end.</summary>
internal sealed class ActivationTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly ITimer _timer;
    private TimeSpan _period;

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
        _period = period;
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _activation.RemoveTimer(this);
        Stop();
    }

    internal void Stop() => _timer.Dispose();

    private void Tick()
    {
        if (!_activation.Ending.IsCancellationRequested)
        {
            _activation.TryTake(new TickCall(this));
        }
    }

    private sealed class TickCall(ActivationTimer timer) : GrainCall
    {
        internal override bool Interleaves => timer._options.Interleave;

        internal override bool CountsAsUse => timer._options.KeepAlive;

        internal override void Start(Activation activation) => _ = RunAsync(activation);

        // A tick of an activation that is gone has nothing left to do.
        internal override void Refuse(Exception reason)
        {
        }

        private async Task RunAsync(Activation activation)
        {
            try
            {
                await timer._callback(activation.Ending).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The loop's edge: a failed tick is logged, and the next one comes.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                activation.Catalog.Log.TickFailed(exception, activation.GrainClass.Name);
            }

            activation.Ended(this);
            timer._timer.Change(timer._period, Timeout.InfiniteTimeSpan);
        }
    }
}
