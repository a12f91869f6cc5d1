using System.Diagnostics;

namespace LeadGrain.Bench.Load;

/// <summary>Runs a load on one thread: one epoll loop over all connections, nothing allocated per request.</summary>
internal sealed class LoadLoop(LoadPlan plan) : IDisposable
{
    private const int TimerTag = -1;

    // An open loop looks at its schedule no more often: requests due within it start together, and their wait counts.
    private static readonly long s_finestTick = Stopwatch.Frequency / 10_000;

    // What is under way at the end is waited for, so that no load disturbs the next one.
    private static readonly long s_patience = 20 * Stopwatch.Frequency;

    private readonly Epoll _epoll = new();
    private readonly RequestSet _requests = new(plan);
    private readonly LatencyHistogram _latency = new();
    private readonly LoadConnection[] _connections =
        [.. Enumerable.Range(0, plan.Connections).Select(_ => new LoadConnection(plan.Port))];

    private readonly Stack<int> _idle = new();
    private readonly long _mostRequests = plan.Requests ?? long.MaxValue;
    private int _timer;
    private long _begin;
    private long _measureFrom;
    private long _measureTo;
    private long _started;
    private long _done;
    private long _doneInAll;
    private long _unexpected;
    private long _failed;
    private string? _sample;

    // A closed loop ends with the window; of an open loop, whatever was due within it is sent yet, and counts.
    private bool Over(long now) => _started >= _mostRequests || (now >= _measureTo && (plan.Rate is null || Due >= _measureTo));

    // When the next request of the schedule is due.
    private long Due => _begin + (long)(_started / plan.Rate!.Value * Stopwatch.Frequency);

    internal LoadResult Run()
    {
        for (var i = 0; i < _connections.Length; i++)
        {
            _epoll.Add(_connections[i].Descriptor, i);
            _idle.Push(i);
        }

        if (plan.Rate is not null)
        {
            _timer = Epoll.NewTimer();
            _epoll.Add(_timer, TimerTag);
        }

        SetClock();
        var (cpuAtStart, cpuAtEnd) = ((TimeSpan?)null, (TimeSpan?)null);
        var now = _begin;
        StartDue(now);
        while (now < _measureTo + s_patience && (!Over(now) || _idle.Count < _connections.Length))
        {
            var events = _epoll.Wait(10);
            now = Stopwatch.GetTimestamp();
            cpuAtStart ??= now >= _measureFrom ? CpuTime() : null;
            cpuAtEnd ??= Over(now) ? CpuTime() : null;
            for (var i = 0; i < events; i++)
            {
                Handle(_epoll.TagOf(i));
            }

            StartDue(now);
        }

        return Result(now, (cpuAtEnd ?? CpuTime()) - (cpuAtStart ?? TimeSpan.Zero));
    }

    public void Dispose()
    {
        Array.ForEach(_connections, c => c.Dispose());
        _epoll.Dispose();
    }

    private void SetClock()
    {
        _begin = Stopwatch.GetTimestamp();
        _measureFrom = _begin + (long)(plan.WarmUpSeconds * Stopwatch.Frequency);
        _measureTo = plan.Requests is null ? _measureFrom + (long)(plan.Seconds * Stopwatch.Frequency) : long.MaxValue / 2;
    }

    /// <summary>Starts requests on idle connections: all that are due by the schedule or, in a closed loop, on all of them.</summary>
    private void StartDue(long now)
    {
        while (_idle.Count > 0 && !Over(now))
        {
            var intended = plan.Rate is null ? now : Due;
            if (intended > now)
            {
                Epoll.SetTimer(_timer, Math.Max(intended - now, s_finestTick) * (1_000_000_000 / Stopwatch.Frequency));
                return;
            }

            var index = _idle.Pop();
            _started++;
            _connections[index].Started = intended;
            _connections[index].Send(_requests.Next());
            if (_connections[index].HasUnsent)
            {
                _epoll.Change(_connections[index].Descriptor, index, Epoll.Readable | Epoll.Writable);
            }
        }
    }

    private void Handle(int tag)
    {
        if (tag == TimerTag)
        {
            Epoll.DrainTimer(_timer);
            return;
        }

        var connection = _connections[tag];
        if (connection.HasUnsent)
        {
            connection.SendRest();
            if (!connection.HasUnsent)
            {
                _epoll.Change(connection.Descriptor, tag, Epoll.Readable);
            }
        }

        var answer = connection.Receive(_requests.Expected);
        if (answer == LoadConnection.Answer.Partly)
        {
            return;
        }

        Count(answer, connection);
        _idle.Push(tag);
        if (plan.Rate is null)
        {
            StartDue(Stopwatch.GetTimestamp());
        }
    }

    private void Count(LoadConnection.Answer answer, LoadConnection connection)
    {
        switch (answer)
        {
            case LoadConnection.Answer.Expected:
                Record(connection);
                break;
            case LoadConnection.Answer.Unexpected:
                _unexpected++;
                _sample ??= connection.Text;
                break;
            case LoadConnection.Answer.Failed:
                _failed++;
                _sample ??= connection.Text;
                break;
            default:
                throw new IOException($"The server closed a connection after {_doneInAll} answers.");
        }
    }

    private void Record(LoadConnection connection)
    {
        var now = Stopwatch.GetTimestamp();
        _doneInAll++;
        if (plan.Rate is null ? now >= _measureFrom && now < _measureTo : connection.Started >= _measureFrom && connection.Started < _measureTo)
        {
            _done++;
            _latency.Add((now - connection.Started) * 1_000_000 / Stopwatch.Frequency);
        }
    }

    private LoadResult Result(long end, TimeSpan cpu) => new()
    {
        Done = _done,
        DoneInAll = _doneInAll,
        Unexpected = _unexpected,
        Failed = _failed + (_connections.Length - _idle.Count) + Unsent,
        Seconds = (double)(Math.Min(end, _measureTo) - _measureFrom) / Stopwatch.Frequency,
        CpuSeconds = cpu.TotalSeconds,
        Latency = _latency.Percentiles(),
        Sample = _sample,
    };

    // Of an open loop, what was due and found no connection free to the end.
    private long Unsent => plan.Rate is { } rate && Due < _measureTo ? (long)((_measureTo - Due) * rate / Stopwatch.Frequency) : 0;

    private static TimeSpan CpuTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }
}
