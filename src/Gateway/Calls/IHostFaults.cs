namespace LeadGrain.Gateway.Calls;

/// <summary>What the grain host throws of its own accord; each host registers one.</summary>
public interface IHostFaults
{
    /// <summary>
    /// Whether this fault means that the call never reached a grain (no owner yet, no silo): it can be repeated safely.
    /// </summary>
    bool NothingWasDone(Exception exception);

    /// <summary>Whether this fault means that the call may have reached a grain whose answer was lost.</summary>
    bool OutcomeIsUnknown(Exception exception) => false;

    /// <summary>Whether this fault means that the host could not read or write what it keeps for a grain.</summary>
    bool StorageFailed(Exception exception) => false;
}
