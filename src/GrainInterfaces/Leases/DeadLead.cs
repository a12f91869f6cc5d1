using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.GrainInterfaces.Leases;

/// <summary>A lead that was handed out as often as allowed and never acknowledged.</summary>
/// <param name="Id">Names this death.</param>
/// <param name="Lead">As it was pushed.</param>
/// <param name="Origin">Of its push.</param>
/// <param name="Attempts">How often it was handed out.</param>
/// <param name="DiedAt">When it was set aside.</param>
[GenerateSerializer, Immutable]
public sealed record DeadLead(Guid Id, NewLead Lead, LeadOrigin Origin, int Attempts, DateTimeOffset DiedAt);

/// <summary>A page of dead leads.</summary>
/// <param name="Leads">The oldest death first.</param>
/// <param name="HasMore">Whether more follow the last one.</param>
[GenerateSerializer, Immutable]
public sealed record DeadLeadPage(ImmutableArray<DeadLead> Leads, bool HasMore);
