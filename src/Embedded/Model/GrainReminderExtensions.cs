using LeadGrain.Embedded.Reminders;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Embedded;

/// <summary>Reminders of a grain, which must be <see cref="IRemindable"/>. They live on in the database until unregistered.</summary>
public static class GrainReminderExtensions
{
    /// <summary>Sets a reminder, in place of the one of that name. It is stored when the task ends.</summary>
    /// <param name="grain">The grain.</param>
    /// <param name="reminderName">Unique within the grain.</param>
    /// <param name="dueTime">Until the first tick.</param>
    /// <param name="period">Between ticks; at least a minute.</param>
    /// <exception cref="InvalidOperationException">The grain is not <see cref="IRemindable"/>.</exception>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(
        this Grain grain, string reminderName, TimeSpan dueTime, TimeSpan period)
        => Reminders(grain).RegisterAsync(grain.Activation, reminderName, dueTime, period);

    /// <summary>Ends a reminder. A tick that is on its way may still come.</summary>
    public static Task UnregisterReminder(this Grain grain, IGrainReminder reminder)
        => Reminders(grain).UnregisterAsync(grain.Activation, reminder.ReminderName);

    /// <summary>The grain's reminder of a name, if there is one.</summary>
    public static Task<IGrainReminder?> GetReminder(this Grain grain, string reminderName)
        => Reminders(grain).FindAsync(grain.Activation, reminderName);

    /// <summary>All reminders of the grain.</summary>
    public static Task<List<IGrainReminder>> GetReminders(this Grain grain)
        => Reminders(grain).ListAsync(grain.Activation);

    private static ReminderLoop Reminders(Grain grain)
        => grain.Activation.Catalog.Services.GetRequiredService<ReminderLoop>();
}
