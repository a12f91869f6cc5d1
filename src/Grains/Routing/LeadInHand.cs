using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>A lead that is being decided on.</summary>
/// <param name="Id">Its own, or the one that it gets.</param>
/// <param name="Lead">As it came in.</param>
/// <param name="Actor">Who brings it, or has it routed again.</param>
/// <param name="IsHeld">Whether it is in the holding pool already.</param>
/// <param name="Key">Of its request.</param>
/// <param name="Delivery">Of its delivery.</param>
internal sealed record LeadInHand(Guid Id, NewRoutedLead Lead, Actor Actor, bool IsHeld, RequestKey? Key, DeliveryHashes? Delivery)
{
    internal static LeadInHand New(IngestCommand command, Guid id) => new(
        id,
        command.Lead,
        command.Actor,
        IsHeld: false,
        command.IsDelivery ? null : command.Key,
        command is { IsDelivery: true, Key: { } key } ? DeliveryHashes.Of(key) : null);

    internal static LeadInHand Held(RoutedLead lead, Actor actor) => new(
        lead.Id, new NewRoutedLead(lead.Email, lead.Persona, lead.Score, lead.Source, lead.Data), actor, IsHeld: true, Key: null, Delivery: null);
}
