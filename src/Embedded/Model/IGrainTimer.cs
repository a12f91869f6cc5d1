using System.Diagnostics.CodeAnalysis;

namespace LeadGrain.Embedded;

/// <summary>A timer of one activation. Dispose it to stop.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets new times.</summary>
    /// <param name="dueTime">Until the next tick; <see cref="Timeout.InfiniteTimeSpan"/> for never.</param>
    /// <param name="period">From the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> for one tick only.</param>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a timer ticks.</summary>
public readonly struct GrainTimerCreationOptions()
{
    /// <summary>Sets both times.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Until the first tick.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From the end of a tick to the next.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks may interleave with calls at their awaits; otherwise a tick waits its turn like a call.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether ticks count as use and so keep the activation from being put away as idle.</summary>
    public bool KeepAlive { get; init; }
}
