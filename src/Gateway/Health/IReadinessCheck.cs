namespace LeadGrain.Gateway.Health;

/// <summary>One thing that must be in order before this process takes requests.</summary>
public interface IReadinessCheck
{
    /// <summary>A short word, such as <c>database</c>.</summary>
    string Name { get; }

    /// <summary>Looks now. Answers within two seconds, or counts as not ready.</summary>
    ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken);
}

/// <summary>What a readiness check found.</summary>
/// <param name="Ready">Whether it is in order.</param>
/// <param name="Detail">Why not, for operators. Answered openly: no internal names.</param>
public readonly record struct Readiness(bool Ready, string? Detail = null);
