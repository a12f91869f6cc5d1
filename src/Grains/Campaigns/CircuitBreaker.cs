using LeadGrain.Grains.Outbound;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// Keeps a campaign from asking a target that is down: after some failures in a row it opens for a while, then lets one
/// probe through, and closes where that succeeds. Pure: time and randomness are given.
/// </summary>
/// <param name="Failures">In a row.</param>
/// <param name="OpenUntil">Null where it is closed.</param>
/// <param name="NotBefore">When the target asked to be asked again; null where it did not.</param>
internal sealed record CircuitBreaker(int Failures = 0, DateTimeOffset? OpenUntil = null, DateTimeOffset? NotBefore = null)
{
    /// <summary>Nothing failed yet.</summary>
    internal static CircuitBreaker Closed { get; } = new();

    /// <summary>Whether the next call is a probe: a small one.</summary>
    internal bool IsProbing => OpenUntil is not null || NotBefore is not null;

    /// <summary>How long nothing may be asked; null where it may.</summary>
    internal TimeSpan? WaitAt(DateTimeOffset now)
        => (NotBefore > OpenUntil || OpenUntil is null ? NotBefore : OpenUntil) - now is { } left && left > TimeSpan.Zero ? left : null;

    /// <summary>Nothing is asked before then; null: as it is.</summary>
    internal CircuitBreaker Until(DateTimeOffset? notBefore) => notBefore is null || NotBefore > notBefore ? this : this with { NotBefore = notBefore };

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
