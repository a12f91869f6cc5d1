using LeadGrain.Embedded.Hosting;

namespace LeadGrain.Embedded.Runtime;

/// <summary>A call of a grain method that answers with a <typeparamref name="TResult"/>.</summary>
internal sealed class MethodCall<TResult>(GrainMethod method, object?[] arguments) : GrainCall
{
    // Continuations may run inline: a turn carries a synchronization context, and a task never inlines an await's
    // continuation under a foreign one, so a caller's code cannot run inside a grain's turn.
    private readonly TaskCompletionSource<TResult> _completion = new();

    // Waiting until either its turn or its caller's cancellation takes it, whichever is first.
    private int _taken;

    internal override bool Interleaves => method.Interleaves;

    /// <summary>Ends with the call; at once where the caller cancels a call that has not started, which then never does.</summary>
    internal Task<TResult> Completion
    {
        get
        {
            var cancellation = method.CancellationOf(arguments);
            return cancellation.CanBeCanceled && Volatile.Read(ref _taken) == 0
                ? WaitAsync(cancellation)
                : _completion.Task;
        }
    }

    internal override void Start(Activation activation)
    {
        if (Take())
        {
            _ = RunAsync(activation);
        }
        else
        {
            activation.Ended(this);
        }
    }

    internal override void Refuse(Exception reason)
    {
        if (Take())
        {
            // Not inline: the refuser has others to refuse, and the caller may try again at once.
            ThreadPool.UnsafeQueueUserWorkItem(
                static s => s._completion.TrySetException(s.reason), (_completion, reason), preferLocal: false);
        }
    }

    private bool Take() => Interlocked.Exchange(ref _taken, 1) == 0;

    private async Task<TResult> WaitAsync(CancellationToken cancellation)
    {
        using (cancellation.UnsafeRegister(static (s, token) => ((MethodCall<TResult>)s!).Abandon(token), this))
        {
            return await _completion.Task.ConfigureAwait(false);
        }
    }

    private void Abandon(CancellationToken cancellation)
    {
        if (Take())
        {
            _completion.TrySetCanceled(cancellation);
        }
    }

    private async Task RunAsync(Activation activation)
    {
        try
        {
            method.CancellationOf(arguments).ThrowIfCancellationRequested();
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
            activation.Threw(exception);
            activation.Ended(this);
            Fail(exception);
        }
    }

    private void Fail(Exception exception)
    {
        switch (exception)
        {
            case OperationCanceledException canceled:
                _completion.TrySetCanceled(canceled.CancellationToken);
                break;
            case NotOwnerException { NothingWasDone: true }:
                // True of the call that was refused, not of this one, which had started and may have done something.
                _completion.TrySetException(new NotOwnerException(exception.Message, exception));
                break;
            default:
                _completion.TrySetException(exception);
                break;
        }
    }
}
