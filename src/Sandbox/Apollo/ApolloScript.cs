namespace LeadGrain.Sandbox.Apollo;

/// <summary>Which behavior meets which call: first what is queued, then the default.</summary>
internal sealed class ApolloScript
{
    private readonly Lock _lock = new();
    private readonly Queue<ApolloBehavior> _next = new();
    private ApolloBehavior _default = new ApolloBehavior.Answer();

    public void Next(int calls, ApolloBehavior behavior)
    {
        lock (_lock)
        {
            for (var i = 0; i < calls; i++)
            {
                _next.Enqueue(behavior);
            }
        }
    }

    public void Always(ApolloBehavior behavior)
    {
        lock (_lock)
        {
            _default = behavior;
        }
    }

    public ApolloBehavior Take()
    {
        lock (_lock)
        {
            return _next.TryDequeue(out var queued) ? queued : _default;
        }
    }
}
