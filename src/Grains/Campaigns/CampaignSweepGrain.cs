using LeadGrain.GrainInterfaces.Campaigns;
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

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            SweepAsync, new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.SweepEvery) { Interleave = true, KeepAlive = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => RemindAsync();

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask; // being called is what counts: the timer does the rest

    private async Task RemindAsync()
    {
        if (await this.GetReminder(Reminder) is null)
        {
            await this.RegisterOrUpdateReminder(Reminder, s_remindEvery, s_remindEvery);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            var due = await pushes.ReadDueAsync();
            foreach (var some in due.Chunk(AtOnce))
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.WhenAll(some.Select(key => WakeAsync(key, cancellationToken)));
            }

            await heard.ApplyAsync(organizationId: null);
            await feedback.ForgetAsync();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // The loop's edge: the next look makes up for it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogPutOff(fault.GetType().Name);
        }
    }

    private async Task WakeAsync(CampaignKey key, CancellationToken cancellationToken)
    {
        try
        {
            await GrainFactory.GetGrain<ICampaignGrain>(key.GrainKey).WakeAsync(cancellationToken);
        }
#pragma warning disable CA1031 // One campaign that cannot be woken must not keep the others asleep.
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogPutOff(fault.GetType().Name);
        }
    }

    [LoggerMessage(183, LogLevel.Debug, "Waking campaigns is put off: {Cause}")]
    private partial void LogPutOff(string cause);
}
