using System.Threading.Channels;

namespace LeadGrain.Tests.Embedded;

public interface IReminded : IGrainWithStringKey
{
    Task RegisterAsync(string name, TimeSpan dueTime, TimeSpan period);

    Task UnregisterAsync(string name);

    Task<List<string>> ListAsync();
}

/// <summary>The ticks that a host's grains get, and what they do then.</summary>
internal sealed class RemindedLog
{
    public Channel<(string Name, TickStatus Status)> Ticks { get; } = Channel.CreateUnbounded<(string, TickStatus)>();

    public Func<Task> OnTick { get; set; } = () => Task.CompletedTask;

    public async Task<(string Name, TickStatus Status)> NextAsync()
        => await Ticks.Reader.ReadAsync().AsTask().WaitAsync(CellHost.Deadline);
}

internal sealed class RemindedGrain(RemindedLog log) : Grain, IReminded, IRemindable
{
    public Task RegisterAsync(string name, TimeSpan dueTime, TimeSpan period)
        => this.RegisterOrUpdateReminder(name, dueTime, period);

    public async Task UnregisterAsync(string name)
    {
        if (await this.GetReminder(name) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    public async Task<List<string>> ListAsync() => [.. (await this.GetReminders()).Select(reminder => reminder.ReminderName)];

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        log.Ticks.Writer.TryWrite((reminderName, status));
        await log.OnTick();
    }
}
