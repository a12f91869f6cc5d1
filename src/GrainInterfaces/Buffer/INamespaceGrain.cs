namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>
/// One namespace: its buffer, its served set and its cursor. Keyed by <see cref="NamespaceKey.GrainKey"/>.
/// Every method can throw <see cref="Faults.StorageUnavailableException"/> (the outcome is unknown to the caller, but a
/// pull that failed so is given back to the buffer) and <see cref="Faults.OwnershipLostException"/> (nothing was done).
/// </summary>
public interface INamespaceGrain : IGrainWithStringKey
{
    /// <summary>Buffers leads behind those that wait, all or none, leaving out those whose email this namespace has served.</summary>
    [AlwaysInterleave]
    Task<PushOutcome> PushAsync(PushCommand command, CancellationToken cancellationToken);

    /// <summary>Serves the next lead: marked served durably before the answer. A call cancelled while it queues takes no lead.</summary>
    [AlwaysInterleave]
    Task<PullOutcome> NextAsync(CancellationToken cancellationToken);

    /// <summary>The cursor as raw UTF-8 JSON; null where none was ever set.</summary>
    Task<byte[]?> GetCursorAsync(CancellationToken cancellationToken);

    /// <summary>Sets the cursor to any JSON value.</summary>
    /// <param name="state">Raw UTF-8 JSON, already checked.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    Task SetCursorAsync(byte[] state, CancellationToken cancellationToken);
}
