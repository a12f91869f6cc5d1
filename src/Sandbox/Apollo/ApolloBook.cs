namespace LeadGrain.Sandbox.Apollo;

/// <summary>Every call that the fake received, and the signal that one came.</summary>
public sealed class ApolloBook
{
    private readonly Lock _lock = new();
    private readonly List<ApolloCall> _calls = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waits = [];
    private int _arrived;

    /// <summary>The calls that were answered or given up, in that order.</summary>
    public IReadOnlyList<ApolloCall> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Credits spent in all.</summary>
    public int Credits => Calls.Sum(call => call.Credits);

    /// <summary>Requests that have arrived, answered or not.</summary>
    public int Arrived => Volatile.Read(ref _arrived);

    /// <summary>Completes when so many requests have arrived.</summary>
    public Task ArrivedAsync(int count)
    {
        lock (_lock)
        {
            if (_arrived >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((count, reached));
            return reached.Task;
        }
    }

    internal void Arrive()
    {
        lock (_lock)
        {
            _arrived++;
            foreach (var (_, reached) in _waits.Where(wait => wait.Count <= _arrived))
            {
                reached.TrySetResult();
            }

            _waits.RemoveAll(wait => wait.Count <= _arrived);
        }
    }

    internal void Write(ApolloCall call)
    {
        lock (_lock)
        {
            _calls.Add(call);
        }
    }
}
