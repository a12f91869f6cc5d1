namespace LeadGrain.Embedded.Runtime;

/// <summary>Something that runs in an activation as a call does: started in a turn, ended when its task ends.</summary>
internal abstract class GrainCall
{
    private readonly ExecutionContext? _caller = ExecutionContext.Capture();

    /// <summary>May run while another call awaits.</summary>
    internal abstract bool Interleaves { get; }

    /// <summary>Whether it shows that the activation is in use.</summary>
    internal virtual bool CountsAsUse => true;

    /// <summary>Whether it goes on to the grain's next activation when it has not started in this one.</summary>
    internal virtual bool OutlivesActivation => true;

    /// <summary>Starts the call on the current thread, which holds the activation's turn.</summary>
    internal abstract void Start(Activation activation);

    /// <summary>Ends a call that was never started.</summary>
    internal abstract void Refuse(Exception reason);

    /// <summary>As <see cref="Start"/>, from a thread that is not the caller's: brings the caller's context (traces) along.</summary>
    internal void StartElsewhere(Activation activation)
    {
        if (_caller is null)
        {
            Start(activation);
            return;
        }

        ExecutionContext.Run(
            _caller,
            static state =>
            {
                var (call, activation) = ((GrainCall, Activation))state!;
                call.Start(activation);
            },
            (this, activation));
    }
}
