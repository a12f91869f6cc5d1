using System.Collections.Concurrent;

namespace LeadGrain.Tests.OrleansHost;

/// <summary>Uses what Orleans keeps in tables.</summary>
public interface IProbeGrain : IGrainWithStringKey
{
    Task<int> ReadAsync();

    Task<int> CountAsync();

    Task ClearAsync();

    Task RemindAsync(string name);

    Task<List<string>> RemindersAsync();

    Task ForgetAsync(string name);
}

[GenerateSerializer]
public sealed class ProbeState
{
    [Id(0)]
    public int Count { get; set; }
}

internal sealed class ProbeGrain([PersistentState("probe")] IPersistentState<ProbeState> state) : Grain, IProbeGrain, IRemindable
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource<string>> s_ticks = new();

    internal static Task<string> TickOf(string key) => Tick(key).Task;

    public Task<int> ReadAsync() => Task.FromResult(state.State.Count);

    public async Task<int> CountAsync()
    {
        state.State.Count++;
        await state.WriteStateAsync();
        return state.State.Count;
    }

    public Task ClearAsync() => state.ClearStateAsync();

    public Task RemindAsync(string name) => this.RegisterOrUpdateReminder(name, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));

    public async Task<List<string>> RemindersAsync() => [.. (await this.GetReminders()).Select(reminder => reminder.ReminderName)];

    public async Task ForgetAsync(string name) => await this.UnregisterReminder((await this.GetReminder(name))!);

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        Tick(this.GetPrimaryKeyString()).TrySetResult(reminderName);
        return Task.CompletedTask;
    }

    private static TaskCompletionSource<string> Tick(string key)
        => s_ticks.GetOrAdd(key, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}
