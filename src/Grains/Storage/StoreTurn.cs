namespace LeadGrain.Grains.Storage;

/// <summary>When this process may use the store: its host tells. A standby's background work would else knock at the database each second.</summary>
/// <param name="wait">Completes once it may.</param>
public sealed class StoreTurn(Func<CancellationToken, Task> wait)
{
    /// <summary>That of a host whose every process may at any time.</summary>
    public static StoreTurn Always { get; } = new(static _ => Task.CompletedTask);

    /// <summary>Waits until this process may.</summary>
    /// <exception cref="OperationCanceledException">The wait was given up.</exception>
    public Task WaitAsync(CancellationToken cancellationToken) => wait(cancellationToken);
}
