using System.Collections.Frozen;
using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Ownership;
using LeadGrain.Embedded.Runtime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Embedded.Reminders;

/// <summary>Calls grains when their reminders are due, for as long as this process owns the database.</summary>
internal sealed partial class ReminderLoop(
    GrainCatalog catalog,
    ReminderStore store,
    IOptions<EmbeddedHostOptions> options,
    TimeProvider time,
    ILogger<ReminderLoop> log) : IOwnerDuty
{
    private readonly FrozenDictionary<string, GrainClass> _classes =
        catalog.Classes.Where(c => c.IsRemindable).ToFrozenDictionary(c => c.Name);

    // A grain's changes go one after the other, so that the schedule ends as the database does.
    private readonly SemaphoreSlim[] _changes = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    // Completed while this process owns the database.
    private TaskCompletionSource<ReminderSchedule> _schedule = NewSource();

    private Task _marking = Task.CompletedTask;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var source = Volatile.Read(ref _schedule);
        try
        {
            var schedule = new ReminderSchedule(time);
            var sent = await store.ReadSentAsync(cancellationToken).ConfigureAwait(false);
            schedule.Load(await ReadKnownAsync(cancellationToken).ConfigureAwait(false), sent);
            source.SetResult(schedule);
            while (true)
            {
                var due = schedule.TakeDue();
                due.ForEach(tick => _ = TickAsync(schedule, tick));
                if (due.Count > 0 && _marking.IsCompleted)
                {
                    _marking = MarkSentAsync(due[0].Status.CurrentTickTime, cancellationToken);
                }

                await schedule.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.CompareExchange(ref _schedule, NewSource(), source);
        }
    }

    internal async Task<IGrainReminder> RegisterAsync(Activation activation, string name, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(period, options.Value.MinimumReminderPeriod);
        if (!activation.GrainClass.IsRemindable)
        {
            throw new InvalidOperationException($"{activation.GrainClass.Name} is not IRemindable.");
        }

        var row = new ReminderRow(IdOf(activation, name), time.GetUtcNow() + dueTime, period);
        await ChangeAsync(
            activation,
            token => store.PutAsync(row, token),
            schedule => schedule.Put(row)).ConfigureAwait(false);
        return new Handle(name);
    }

    internal Task UnregisterAsync(Activation activation, string name)
    {
        var id = IdOf(activation, name);
        return ChangeAsync(activation, token => store.DeleteAsync(id, token), schedule => schedule.Remove(id));
    }

    internal async Task<IGrainReminder?> FindAsync(Activation activation, string name)
        => (await ListAsync(activation).ConfigureAwait(false)).Find(reminder => reminder.ReminderName == name);

    internal async Task<List<IGrainReminder>> ListAsync(Activation activation)
    {
        var names = await store.ListNamesAsync(activation.GrainClass.Name, activation.Key, activation.Ending).ConfigureAwait(false);
        return names.ConvertAll(IGrainReminder (name) => new Handle(name));
    }

    private static TaskCompletionSource<ReminderSchedule> NewSource()
        => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static ReminderId IdOf(Activation activation, string name)
        => new(activation.GrainClass.Name, activation.Key, name);

    private async Task ChangeAsync(
        Activation activation, Func<CancellationToken, Task> write, Action<ReminderSchedule> apply)
    {
        // Without a schedule there is no owner, and this activation is being cut off.
        var ending = activation.Ending;
        var schedule = await Volatile.Read(ref _schedule).Task.WaitAsync(ending).ConfigureAwait(false);
        var changes = _changes[(uint)HashCode.Combine(activation.GrainClass.Name, activation.Key) % _changes.Length];
        await changes.WaitAsync(ending).ConfigureAwait(false);
        try
        {
            await write(ending).ConfigureAwait(false);
            apply(schedule);
        }
        finally
        {
            changes.Release();
        }
    }

    private async Task<List<ReminderRow>> ReadKnownAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAllAsync(cancellationToken).ConfigureAwait(false);
        foreach (var unknown in rows.Where(row => !_classes.ContainsKey(row.Id.GrainType)).GroupBy(row => row.Id.GrainType))
        {
            LogUnknown(unknown.Count(), unknown.Key);
        }

        return rows.FindAll(row => _classes.ContainsKey(row.Id.GrainType));
    }

    private async Task TickAsync(ReminderSchedule schedule, ReminderSchedule.DueTick tick)
    {
        // The loop's own thread runs no grain's code.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var id = tick.Entry.Row.Id;
        try
        {
            await _classes[id.GrainType].RemindAsync(catalog, id.GrainKey, id.Name, tick.Status).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The loop's edge: a failed tick is logged, and the next one comes.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailed(exception, id.Name, id.GrainType);
        }

        schedule.End(tick.Entry);
    }

    private async Task MarkSentAsync(DateTime through, CancellationToken cancellationToken)
    {
        try
        {
            await store.MarkSentAsync(through, cancellationToken).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Unmarked, these ticks may be sent again after a restart; the next mark covers them.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnmarked(exception);
        }
    }

    [LoggerMessage(20, LogLevel.Error, "The reminder {ReminderName} of a {GrainClass} failed; it ticks again after its period")]
    private partial void LogFailed(Exception exception, string reminderName, string grainClass);

    [LoggerMessage(21, LogLevel.Warning, "{Count} reminders are of {GrainClass}, which is no grain that can be reminded; they rest")]
    private partial void LogUnknown(int count, string grainClass);

    [LoggerMessage(22, LogLevel.Warning, "How far the reminders have been sent was not recorded")]
    private partial void LogUnmarked(Exception exception);

    private sealed record Handle(string ReminderName) : IGrainReminder;
}
