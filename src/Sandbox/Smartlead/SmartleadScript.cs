namespace LeadGrain.Sandbox.Smartlead;

/// <summary>Which behavior meets which request: first what is queued, then a fault by the seed, then the default.</summary>
internal sealed class SmartleadScript(FakeSmartleadOptions options)
{
    private readonly Lock _lock = new();
    private readonly Queue<SmartleadBehavior> _next = new();
    private readonly Random _random = new(options.Seed);
    private SmartleadBehavior _default = new SmartleadBehavior.Answer();

    public void Next(int requests, SmartleadBehavior behavior)
    {
        lock (_lock)
        {
            for (var i = 0; i < requests; i++)
            {
                _next.Enqueue(behavior);
            }
        }
    }

    public void Always(SmartleadBehavior behavior)
    {
        lock (_lock)
        {
            _default = behavior;
        }
    }

    public SmartleadBehavior Take()
    {
        lock (_lock)
        {
            return _next.TryDequeue(out var queued) ? queued
                : options.Faults > 0 && _random.NextDouble() < options.Faults ? Fault()
                : _default;
        }
    }

    /// <summary>The shape of the next answer.</summary>
    public SmartleadShape Shape()
    {
        if (options.Shape != SmartleadShape.Either)
        {
            return options.Shape;
        }

        lock (_lock)
        {
            return _random.Next(2) == 0 ? SmartleadShape.Older : SmartleadShape.Newer;
        }
    }

    private SmartleadBehavior Fault() => _random.Next(9) switch
    {
        0 => new SmartleadBehavior.Fails(500),
        1 => new SmartleadBehavior.Fails(503, SmartleadErrorBody.Message, RetryAfter: "1"),
        2 => new SmartleadBehavior.Fails(502, SmartleadErrorBody.None),
        3 => new SmartleadBehavior.AcceptAndCut(),
        4 => new SmartleadBehavior.Cut(),
        5 => new SmartleadBehavior.AcceptAndTruncate(),
        6 => new SmartleadBehavior.HtmlPage(),
        7 => new SmartleadBehavior.Throttled("1", 1),
        _ => new SmartleadBehavior.Delay(options.Slowness, new SmartleadBehavior.Answer()),
    };
}
