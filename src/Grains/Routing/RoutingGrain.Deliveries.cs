using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>Proven deliveries from outside: whether they came before.</summary>
internal sealed partial class RoutingGrain
{
    private long? _forgottenAt;

    private async Task<Keyed<IngestOutcome>> TakeDeliveryInAsync(IngestCommand command)
    {
        var state = await StateAsync();
        ForgetDeliveries(state);
        var hand = LeadInHand.New(command, RoutedLeadIds.Next(time.GetUtcNow()));
        if (await FindDeliveredAsync(state.OrganizationId, hand.Delivery!) is { } known)
        {
            return known;
        }

        var (write, done) = await DecideAsync(state, hand, shared.Commits.Leads);
        return done ? First(write)
            : await FindDeliveredAsync(state.OrganizationId, hand.Delivery!) ?? new Keyed<IngestOutcome>(KeyUse.InProgress, null);
    }

    private async Task<Keyed<IngestOutcome>?> FindDeliveredAsync(long organizationId, DeliveryHashes delivery)
    {
        if (await deliveries.FindAsync(organizationId, delivery) is not { } found)
        {
            return null;
        }

        if (!found.KnowsBody)
        {
            // The same delivery, written anew: these bytes make no lead under another id either.
            await deliveries.AddBodyAsync(organizationId, delivery.Body, found.LeadId);
        }
        else if (delivery.Id is not null && !found.HasId)
        {
            await deliveries.AddIdAsync(organizationId, delivery);
        }

        return await ReplayedAsync(organizationId, found.LeadId);
    }

    // Beside the work: nobody waits for it, and what is left over goes the next time.
    private void ForgetDeliveries(RoutingState state)
    {
        if (_forgottenAt is not { } last || time.GetElapsedTime(last) >= options.Value.ForgetDeliveriesEvery)
        {
            _forgottenAt = time.GetTimestamp();
            _ = ForgetDeliveriesAsync(state);
        }
    }

    private async Task ForgetDeliveriesAsync(RoutingState state)
    {
        try
        {
            while (!_stopping && await deliveries.ForgetAsync(state.OrganizationId, state.Gate.LookBackDays) > 0)
            {
            }
        }
#pragma warning disable CA1031 // The edge: old deliveries stay a while longer.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            shared.LogPutOff(fault.GetType().Name);
        }
    }
}
