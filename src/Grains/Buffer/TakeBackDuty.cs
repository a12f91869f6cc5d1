using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Takes leads back that a failed commit served to nobody, where no activation of this process does: the namespace's next one
/// came before they were noted, or lives in another process.
/// </summary>
internal sealed class TakeBackDuty(
    UnansweredPulls unanswered, BufferStore store, IGrainFactory grains, StoreTurn turn, TimeProvider time, ILogger<TakeBackDuty> log)
    : StoreDuty(turn, time, log)
{
    private static readonly LeaseCommand s_unknownLease = new([Guid.Empty], LeaseAction.Ack.Value);

    // Where the namespace is asked for, its next activation comes sooner.
    protected override TimeSpan Pause => TimeSpan.FromSeconds(5);

    protected override async Task PassAsync(CancellationToken stoppingToken)
    {
        foreach (var grainKey in unanswered.GrainKeys)
        {
            try
            {
                var marks = unanswered.Of(grainKey);
                await store.ClaimAsync(NamespaceKey.FromGrainKey(grainKey), marks);
                unanswered.Forget(grainKey, marks);
                await EndSupersededAsync(grains.GetGrain<INamespaceGrain>(grainKey), stoppingToken);
            }
            catch (StorageUnavailableException)
            {
                // Its row may be locked: the others' leads do not wait for it.
            }
        }
    }

    // An activation that hands nothing out would not notice that its claim has passed, nor that leads wait again.
    private static async Task EndSupersededAsync(INamespaceGrain grain, CancellationToken cancellationToken)
    {
        try
        {
            await grain.SettleAsync(s_unknownLease, cancellationToken);
        }
        catch (Exception refused) when (refused is OwnershipLostException or OverloadedException)
        {
            // It has ended, or has enough to do to notice by itself.
        }
    }
}
