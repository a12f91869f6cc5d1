namespace LeadGrain.Gateway.Health;

/// <summary>The process answers.</summary>
/// <param name="Status">ok</param>
/// <param name="Ok">True.</param>
/// <param name="Timestamp">Now, UTC.</param>
public sealed record HealthResponse(string Status, bool Ok, DateTimeOffset Timestamp);

/// <summary>The process runs.</summary>
/// <param name="Status">live</param>
public sealed record LiveResponse(string Status);

/// <summary>The process takes requests.</summary>
/// <param name="Status">ready</param>
/// <param name="Checks">What was looked at.</param>
public sealed record ReadyResponse(string Status, IReadOnlyList<ReadyCheck> Checks);

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Ready">Whether it is in order.</param>
/// <param name="Detail">Why not; null where it is.</param>
public sealed record ReadyCheck(string Name, bool Ready, string? Detail);
