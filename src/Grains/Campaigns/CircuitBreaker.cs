namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// Keeps a campaign from asking a target that is down: after some failures in a row it opens for a while, then lets one
/// probe through, and closes where that succeeds. Pure: time and randomness are given.
/// </summary>
/// <param name="Failures">In a row.</param>
/// <param name="OpenUntil">Null where it is closed.</param>
internal sealed record CircuitBreaker(int Failures = 0, DateTimeOffset? OpenUntil = null)
{
    /// <summary>Nothing failed yet.</summary>
    internal static CircuitBreaker Closed { get; } = new();

    /// <summary>Whether the next call is a probe: a small one.</summary>
    internal bool IsProbing => OpenUntil is not null;

    /// <summary>How long nothing may be asked; null where it may.</summary>
    internal TimeSpan? WaitAt(DateTimeOffset now) => OpenUntil - now is { } left && left > TimeSpan.Zero ? left : null;

    /// <summary>Open until then at least.</summary>
    internal CircuitBreaker Until(DateTimeOffset? notBefore) => notBefore is { } when && !(OpenUntil >= when) ? this with { OpenUntil = when } : this;

    /// <summary>After a call that failed.</summary>
    /// <param name="now">When.</param>
    /// <param name="limit">Opens with this many failures in a row.</param>
    /// <param name="first">For how long, at most, the first time; twice as long with each probe that fails.</param>
    /// <param name="longest">For how long at most.</param>
    /// <param name="random">0 to 1.</param>
    internal CircuitBreaker Failed(DateTimeOffset now, int limit, TimeSpan first, TimeSpan longest, double random)
    {
        var failures = Failures + 1;
        return failures < limit ? new CircuitBreaker(failures)
            : new CircuitBreaker(failures, now + BackOff.Before(failures - limit + 1, first, longest, random));
    }
}
