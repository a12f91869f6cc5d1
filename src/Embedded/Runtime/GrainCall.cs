namespace LeadGrain.Embedded.Runtime;

/// <summary>Something that runs in an activation as a call does: started in a turn, ended when its task ends.</summary>
internal abstract class GrainCall
{
    private readonly ExecutionContext? _caller = ExecutionContext.Capture();

    /// <summary>May run while another call awaits.</summary>
    internal abstract bool Interleaves { get; }

    /// <summary>Whether it shows that the activation is in use.</summary>
    internal virtual bool CountsAsUse => true;

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

/// <summary>A call of a grain method that answers with a <typeparamref name="TResult"/>.</summary>
internal sealed class MethodCall<TResult>(GrainMethod method, object?[] arguments) : GrainCall
{
    // Continuations may run inline: a turn carries a synchronization context, and a task never inlines a continuation
    // under a foreign one, so a caller's code cannot run inside a grain's turn.
    private readonly TaskCompletionSource<TResult> _completion = new();

    internal override bool Interleaves => method.Interleaves;

    internal Task<TResult> Completion => _completion.Task;

    internal override void Start(Activation activation) => _ = RunAsync(activation);

    internal override void Refuse(Exception reason) => _completion.TrySetException(reason);

    private async Task RunAsync(Activation activation)
    {
        try
        {
            var task = method.Invoke(activation.Grain, arguments);
            if (task is Task<TResult> valued)
            {
                var result = await valued.ConfigureAwait(false);
                activation.Ended(this);
                _completion.TrySetResult(result);
            }
            else
            {
                await task.ConfigureAwait(false);
                activation.Ended(this);
                _completion.TrySetResult(default!);
            }
        }
#pragma warning disable CA1031 // Whatever the grain threw is its caller's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            activation.Ended(this);
            Fail(exception);
        }
    }

    private void Fail(Exception exception)
    {
        if (exception is OperationCanceledException canceled)
        {
            _completion.TrySetCanceled(canceled.CancellationToken);
        }
        else
        {
            _completion.TrySetException(exception);
        }
    }
}
