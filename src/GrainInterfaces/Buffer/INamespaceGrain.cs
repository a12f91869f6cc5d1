using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>
/// One namespace: its buffer, its served set, its leases and its cursor. Keyed by <see cref="NamespaceKey.GrainKey"/>.
/// Every method can throw <see cref="Faults.StorageUnavailableException"/> (the outcome is unknown to the caller, but a
/// pull that failed so is given back to the buffer), <see cref="Faults.OwnershipLostException"/> and
/// <see cref="Faults.OverloadedException"/> (nothing was done).
/// </summary>
public interface INamespaceGrain : IGrainWithStringKey
{
    /// <summary>Buffers leads behind those of their priority that wait, all or none, leaving out those whose email this namespace has served.</summary>
    [AlwaysInterleave]
    Task<Keyed<PushOutcome>> PushAsync(PushCommand command, CancellationToken cancellationToken);

    /// <summary>Hands out the next leads, recorded durably before the answer. A call cancelled while it queues or waits takes no lead.</summary>
    [AlwaysInterleave]
    Task<Keyed<PullOutcome>> NextAsync(PullCommand command, CancellationToken cancellationToken);

    /// <summary>Acknowledges, gives back or extends leases.</summary>
    /// <returns>In the order of the command's leases, what became of each.</returns>
    [AlwaysInterleave]
    Task<Keyed<LeaseOutcomes>> SettleAsync(LeaseCommand command, CancellationToken cancellationToken);

    /// <summary>The leads set aside as dead, the oldest death first.</summary>
    /// <param name="after">The last one of the page before; empty for the first page.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null where the namespace does not exist.</returns>
    [AlwaysInterleave]
    Task<DeadLeadPage?> ListDeadAsync(Guid after, int limit, CancellationToken cancellationToken);

    /// <summary>Puts dead leads back in their places, their attempts at zero.</summary>
    /// <param name="ids">Which, at most 1,000; null for all. Unknown ones are passed over.</param>
    /// <param name="cancellationToken">Ends the work between two commits.</param>
    /// <returns>How many were put back; null where the namespace does not exist.</returns>
    Task<long?> ReviveAsync(ImmutableArray<Guid>? ids, CancellationToken cancellationToken);

    /// <summary>Stops or resumes handing leads out; pushes and acknowledgements go on.</summary>
    /// <returns>False where the namespace does not exist.</returns>
    Task<bool> SetPausedAsync(bool paused, Actor actor, CancellationToken cancellationToken);

    /// <summary>The cursor as raw UTF-8 JSON; null where none was ever set.</summary>
    Task<byte[]?> GetCursorAsync(CancellationToken cancellationToken);

    /// <summary>Sets the cursor to any JSON value.</summary>
    /// <param name="state">Raw UTF-8 JSON, already checked.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    Task SetCursorAsync(byte[] state, CancellationToken cancellationToken);
}
