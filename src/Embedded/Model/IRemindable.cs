namespace LeadGrain.Embedded;

/// <summary>A grain that reminders can call, also after a restart.</summary>
public interface IRemindable : IGrain
{
    /// <summary>A reminder is due.</summary>
    Task ReceiveReminder(string reminderName, TickStatus status);
}

/// <summary>A reminder that a grain has set.</summary>
public interface IGrainReminder
{
    /// <summary>Its name, unique within the grain.</summary>
    string ReminderName { get; }
}

/// <summary>When a reminder ticks.</summary>
/// <param name="firstTickTime">The first tick, UTC.</param>
/// <param name="period">Between ticks.</param>
/// <param name="timeStamp">This tick, UTC.</param>
public readonly struct TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
{
    /// <summary>The first tick, UTC.</summary>
    public DateTime FirstTickTime { get; } = firstTickTime;

    /// <summary>Between ticks.</summary>
    public TimeSpan Period { get; } = period;

    /// <summary>This tick, UTC.</summary>
    public DateTime CurrentTickTime { get; } = timeStamp;
}
