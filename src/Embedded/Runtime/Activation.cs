using System.Diagnostics.CodeAnalysis;

namespace LeadGrain.Embedded.Runtime;

/// <summary>
/// One living grain. It is the synchronization context of its own code, which is what brings every await of a grain back
/// into a turn; turns run one at a time, on any thread.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Its token source has no timer and no handle to free.")]
internal sealed partial class Activation(GrainCatalog catalog, GrainClass grainClass, string key)
    : SynchronizationContext, IThreadPoolWorkItem
{
    // A thread takes this many turns before it goes to the back of the pool's queue: a busy grain must not hold it for ever.
    private const int TurnsInARow = 64;

    [ThreadStatic]
    private static Activation? s_underConstruction;

    private readonly Lock _lock = new();
    private readonly Queue<(SendOrPostCallback Run, object? State)> _turns = new();

    // Whether a thread runs turns of this activation or is queued to.
    private bool _hasThread;

    /// <summary>The activation whose grain the current thread is making.</summary>
    internal static Activation? UnderConstruction => s_underConstruction;

    internal GrainCatalog Catalog => catalog;

    internal GrainClass GrainClass => grainClass;

    internal string Key => key;

    /// <summary>The instance; set before the first call starts.</summary>
    internal Grain Grain { get; private set; } = null!;

    /// <summary>An await of the grain's code has ended: its continuation is a turn.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_lock)
        {
            _turns.Enqueue((d, state));
            WantThread();
        }
    }

    /// <summary>Not supported: it would block.</summary>
    public override void Send(SendOrPostCallback d, object? state)
        => throw new NotSupportedException("Grain code does not block.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs turns; called by the thread pool.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        var previous = Current;
        SetSynchronizationContext(this);
        try
        {
            for (var n = 0; n < TurnsInARow; n++)
            {
                (SendOrPostCallback Run, object? State) turn;
                lock (_lock)
                {
                    if (!_turns.TryDequeue(out turn))
                    {
                        _hasThread = false;
                        return;
                    }
                }

                turn.Run(turn.State);
            }
        }
        finally
        {
            SetSynchronizationContext(previous);
        }

        YieldThread();
    }

    /// <summary>Runs one turn on the calling thread, which was free of turns when it took the right to.</summary>
    private void RunHere(GrainCall call)
    {
        var previous = Current;
        SetSynchronizationContext(this);
        try
        {
            call.Start(this);
        }
        finally
        {
            SetSynchronizationContext(previous);
            YieldThread();
        }
    }

    private void YieldThread()
    {
        lock (_lock)
        {
            _hasThread = false;
            if (_turns.Count > 0)
            {
                WantThread();
            }
        }
    }

    private void WantThread()
    {
        if (!_hasThread)
        {
            _hasThread = true;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Makes the instance, within a turn, and loads its states.</summary>
    private async Task ConstructAsync()
    {
        var outer = s_underConstruction;
        s_underConstruction = this;
        IReadOnlyList<IStorage> states;
        try
        {
            (Grain, states) = grainClass.Create(this);
        }
        finally
        {
            s_underConstruction = outer;
        }

        foreach (var state in states)
        {
            await state.ReadStateAsync(_ending.Token);
        }
    }
}
