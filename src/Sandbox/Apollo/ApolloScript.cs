namespace LeadGrain.Sandbox.Apollo;

/// <summary>Which behavior meets which call: first what is set for the email, then what is queued, then the default.</summary>
internal sealed class ApolloScript
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ApolloBehavior> _byEmail = new(StringComparer.OrdinalIgnoreCase);
    private readonly Queue<ApolloBehavior> _next = new();
    private ApolloBehavior _default = new ApolloBehavior.Answer();

    public void For(string email, ApolloBehavior behavior)
    {
        lock (_lock)
        {
            _byEmail[email] = behavior;
        }
    }

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

    public ApolloBehavior Take(string? email)
    {
        lock (_lock)
        {
            return email is not null && _byEmail.TryGetValue(email, out var own) ? own
                : _next.TryDequeue(out var queued) ? queued
                : _default;
        }
    }
}
