using LeadGrain.Grains.Buffer;

namespace LeadGrain.Grains.Leases;

/// <summary>A lead out of the plain order of the buffer.</summary>
/// <param name="Lead">Which.</param>
/// <param name="State">As in the database.</param>
internal sealed record HeldLead(WaitingLead Lead, HeldState State)
{
    internal Place Place => Lead.Place;
}

/// <summary>The state of a lead out of the plain order: it waits, is on a delay or on lease.</summary>
/// <param name="Attempts">How often it was handed out by lease.</param>
/// <param name="LeaseId">Of its lease; null without one.</param>
/// <param name="HeldFor">How long the lease or the delay was granted for; null where it waits.</param>
internal sealed record HeldState(int Attempts, Guid? LeaseId = null, TimeSpan? HeldFor = null);

/// <summary>A dead lead.</summary>
/// <param name="Id">Of its death.</param>
/// <param name="Lead">Which.</param>
/// <param name="Attempts">How often it was handed out.</param>
/// <param name="At">When it was set aside.</param>
internal sealed record BuriedLead(Guid Id, WaitingLead Lead, int Attempts, DateTimeOffset At);
