namespace LeadGrain.GrainInterfaces.Leases;

/// <summary>A lead handed out for a while.</summary>
/// <param name="Id">Names this handing out; the lead's next one has another.</param>
/// <param name="ExpiresAt">When the lead goes back to the front in its order, unless settled before.</param>
/// <param name="Attempt">Counts how often the lead was handed out, from 1.</param>
[GenerateSerializer, Immutable]
public sealed record Lease(Guid Id, DateTimeOffset ExpiresAt, int Attempt);
