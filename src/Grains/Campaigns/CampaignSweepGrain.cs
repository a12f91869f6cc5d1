using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Looks for due pushes. Its reminder brings it back wherever and whenever the grid runs.</summary>
internal sealed partial class CampaignSweepGrain(
    PushStore pushes, FeedbackStore feedback, Feedback heard, IOptions<CampaignOptions> options, ILogger<CampaignSweepGrain> log) : Grain, ICampaignSweepGrain, IRemindable
{
    private const string Reminder = "sweep";

    // The least that reminders allow.
    private static readonly TimeSpan s_remindEvery = TimeSpan.FromMinutes(1);

    // How many campaigns are woken at once: each reads the database as it wakes.
    private const int AtOnce = 16;

    private Task _sweeping = Task.CompletedTask;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            OnTimerAsync, new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.SweepEvery) { Interleave = true, KeepAlive = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => RemindAsync();

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask; // being called is what counts: the timer does the rest

    private async Task RemindAsync()
    {
        if (await StorageFaults.GuardAsync(() => this.GetReminder(Reminder)) is null)
        {
            await StorageFaults.GuardAsync(() => this.RegisterOrUpdateReminder(Reminder, s_remindEvery, s_remindEvery));
        }
    }

    // The tick does not last as long as the sweep: its token is cancelled once its ticks are over, and a host that stops must not have
    // campaigns woken that it has just put away.
    private Task OnTimerAsync(CancellationToken cancellationToken)
    {
        if (_sweeping.IsCompleted)
        {
            _sweeping = SweepAsync(cancellationToken);
        }

        return Task.CompletedTask;
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        // Each by itself: an event that cannot be applied must not keep campaigns asleep.
        await DoAsync("Waking campaigns", () => WakeDueAsync(cancellationToken), cancellationToken);
        await DoAsync("Applying kept feedback", () => heard.ApplyAsync(organizationId: null), cancellationToken);
        await DoAsync("Forgetting feedback", feedback.ForgetAsync, cancellationToken);
    }

    private async Task WakeDueAsync(CancellationToken cancellationToken)
    {
        foreach (var some in (await pushes.ReadDueAsync()).Chunk(AtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.WhenAll(some.Select(key => DoAsync(
                "Waking a campaign",
                () => GrainFactory.GetGrain<ICampaignGrain>(key.GrainKey).WakeAsync(cancellationToken),
                cancellationToken)));
        }
    }

    private async Task DoAsync(string duty, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception away) when (away is StorageUnavailableException or OwnershipLostException)
        {
            LogPutOff(duty, away.GetType().Name);
        }
#pragma warning disable CA1031 // The loop's edge: logged, and the next look makes up for it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogFailed(fault, duty);
        }
    }

    [LoggerMessage(183, LogLevel.Debug, "{Duty} is put off: {Cause}")]
    private partial void LogPutOff(string duty, string cause);

    [LoggerMessage(187, LogLevel.Error, "{Duty} failed; it is tried again")]
    private partial void LogFailed(Exception fault, string duty);
}
