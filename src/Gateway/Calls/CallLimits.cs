using Microsoft.Extensions.ObjectPool;

namespace LeadGrain.Gateway.Calls;

/// <summary>Token sources that cancel after the time limit, used again by call after call.</summary>
internal sealed class CallLimits(TimeSpan limit, TimeProvider time)
{
    // What is in flight at once in a busy process; more are made, and dropped when they come back.
    private const int Kept = 1024;

    private readonly DefaultObjectPool<CancellationTokenSource> _pool = new(new Sources(time), Kept);

    /// <summary>A source whose time, and this much more, runs from now on.</summary>
    internal CancellationTokenSource Start(TimeSpan extraTime)
    {
        var source = _pool.Get();
        source.CancelAfter(limit + extraTime);
        return source;
    }

    /// <summary>Takes a source back.</summary>
    /// <param name="source">From <see cref="Start"/>.</param>
    /// <param name="forgotten">Whether nobody looks at its token any more, so that the next call may have it.</param>
    internal void End(CancellationTokenSource source, bool forgotten)
    {
        if (forgotten)
        {
            _pool.Return(source);
        }
        else
        {
            source.Dispose();
        }
    }

    private sealed class Sources(TimeProvider time) : PooledObjectPolicy<CancellationTokenSource>
    {
        public override CancellationTokenSource Create() => new(Timeout.InfiniteTimeSpan, time);

        public override bool Return(CancellationTokenSource obj)
        {
            if (obj.TryReset())
            {
                return true;
            }

            obj.Dispose();
            return false;
        }
    }
}
