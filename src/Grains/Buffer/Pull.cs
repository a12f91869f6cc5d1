using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.Grains.Buffer;

/// <summary>A pull on its way. Either it is given leads or it ends without, never both: whichever comes first wins.</summary>
internal sealed class Pull(PullCommand command, CancellationToken cancellationToken)
    : TaskCompletionSource<Keyed<PullOutcome>>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private const int Open = 0;
    private const int Taken = 1;
    private const int Over = 2;

    private int _state;
    private ITimer? _deadline;
    private CancellationTokenRegistration _cancellation;

    internal PullCommand Command => command;

    /// <summary>Whether an answer is kept for it, of leads that it did not get after all.</summary>
    internal bool IsKept { get; set; }

    /// <summary>Whether it ended without leads.</summary>
    internal bool IsOver => Volatile.Read(ref _state) == Over;

    /// <summary>Claims it for leads; false where it is over.</summary>
    internal bool TryTake()
    {
        if (cancellationToken.IsCancellationRequested)
        {
            Cancel();
            return false;
        }

        return Interlocked.CompareExchange(ref _state, Taken, Open) == Open;
    }

    /// <summary>Goes on after it lost its leads; false where its caller has gone.</summary>
    internal bool TryGoOn()
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }

        Release();
        TrySetCanceled(cancellationToken);
        return false;
    }

    /// <summary>Ends it without leads, if nothing else has come first.</summary>
    internal void TryEnd(PullOutcome outcome)
    {
        if (Interlocked.CompareExchange(ref _state, Over, Open) == Open)
        {
            Answer(outcome);
        }
    }

    /// <summary>Answers it after it was taken, or where it is in no queue any more.</summary>
    internal void Answer(PullOutcome outcome)
    {
        Release();
        TrySetResult(new Keyed<PullOutcome>(KeyUse.First, outcome));
    }

    /// <summary>Fails it, whatever its state.</summary>
    internal void Fail(Exception exception)
    {
        Release();
        TrySetException(exception);
    }

    /// <summary>Lets it wait: it ends by itself when its time is up or its caller goes away.</summary>
    internal void Park(TimeProvider time)
    {
        _deadline = time.CreateTimer(
            static pull => ((Pull)pull!).TryEnd(PullOutcome.Empty.Value), this, command.Wait, Timeout.InfiniteTimeSpan);
        _cancellation = cancellationToken.UnsafeRegister(static pull => ((Pull)pull!).Cancel(), this);
    }

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _state, Over, Open) == Open)
        {
            Release();
            TrySetCanceled(cancellationToken);
        }
    }

    private void Release()
    {
        _deadline?.Dispose();
        _cancellation.Unregister();
    }
}
