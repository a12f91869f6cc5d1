namespace LeadGrain.Embedded.Reminders;

/// <summary>Names a reminder.</summary>
internal sealed record ReminderId(string GrainType, string GrainKey, string Name);

/// <summary>A reminder: due at the start and after every period.</summary>
internal sealed record ReminderRow(ReminderId Id, DateTimeOffset StartAt, TimeSpan Period)
{
    /// <summary>The last instant at which it was due, until and including the one given; null where it was not due yet.</summary>
    internal DateTimeOffset? DueUntil(DateTimeOffset instant)
        => instant < StartAt ? null : StartAt.AddTicks((instant - StartAt).Ticks / Period.Ticks * Period.Ticks);

    /// <summary>The first instant at which it is due after the one given.</summary>
    internal DateTimeOffset DueAfter(DateTimeOffset instant) => DueUntil(instant) + Period ?? StartAt;
}
