namespace LeadGrain.Grains.Enrichment;

/// <summary>Closed while the provider has told this process to wait. Shared by all grains of the process, on all threads.</summary>
internal sealed class ProviderGate(TimeProvider time)
{
    private long _closedUntilTicks;

    /// <summary>How long it stays closed; null where it is open.</summary>
    public TimeSpan? ClosedFor =>
        Interlocked.Read(ref _closedUntilTicks) - time.GetUtcNow().UtcTicks is > 0 and var left ? TimeSpan.FromTicks(left) : null;

    /// <summary>Closes it for that long, or leaves it closed for longer.</summary>
    public void CloseFor(TimeSpan wait)
    {
        var until = time.GetUtcNow().UtcTicks + wait.Ticks;
        var seen = Interlocked.Read(ref _closedUntilTicks);
        while (seen < until && Interlocked.CompareExchange(ref _closedUntilTicks, until, seen) is var found && found != seen)
        {
            seen = found;
        }
    }
}
