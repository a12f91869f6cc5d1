using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.Grains.Idempotency;

/// <summary>What a key is scoped to beside its organization. The numbers are in the database.</summary>
internal enum KeyedRoute : short
{
    Push = 1,
    Next = 2,
    Ack = 3,
    Nack = 4,
    Extend = 5,
    Ingest = 20,

    // 21 was that of deliveries from Clay: not to be used again.
}

/// <summary>An answer to keep for repeats.</summary>
/// <param name="Route">Of the request.</param>
/// <param name="Key">Of the request.</param>
/// <param name="Answer">JSON of a <see cref="PushOutcome"/>, <see cref="KeptPull"/> or <see cref="KeptLeases"/>.</param>
/// <param name="Replaces">Whether an answer was kept for this request already, and this is the better one.</param>
internal readonly record struct KeptAnswer(KeyedRoute Route, RequestKey Key, byte[] Answer, bool Replaces = false);

/// <summary>An answer found.</summary>
internal sealed record FoundAnswer(long NamespaceId, byte[] Body, byte[] Answer);

/// <summary>What is kept of a pull's answer: which leads, by whose ids.</summary>
internal sealed record KeptPull(IReadOnlyList<KeptLead> Leads);

/// <summary>A lead of a pull's answer.</summary>
/// <param name="Seq">Which.</param>
/// <param name="ServedId">Of the served lead; null where it was leased.</param>
/// <param name="Lease">Null where it was served for good.</param>
internal sealed record KeptLead(long Seq, Guid? ServedId, Lease? Lease);

/// <summary>What is kept of the answer to a settlement of leases.</summary>
/// <param name="Leases">As answered, where what was to be served was served.</param>
/// <param name="ServedIds">Of the served leads, by the leases' order; null where none was to be.</param>
internal sealed record KeptLeases(ImmutableArray<LeaseOutcome> Leases, Guid?[]? ServedIds = null);
