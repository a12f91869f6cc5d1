namespace LeadGrain.Gateway.Organizations;

/// <summary>An organization's limits to be set. A member that is null or absent leaves the gateway's default in force.</summary>
/// <param name="RequestsPerSecond">Requests a second in the long run, 1 to 1,000,000.</param>
/// <param name="Burst">Requests that may come at once after a pause, 1 to 1,000,000; as many as a second's unless told.</param>
/// <param name="MaxInFlight">Requests under way at once, 1 to 1,000,000.</param>
public sealed record LimitsRequest(int? RequestsPerSecond = null, int? Burst = null, int? MaxInFlight = null);

/// <summary>An organization's limits.</summary>
/// <param name="RequestsPerSecond">As set; null: the default.</param>
/// <param name="Burst">As set; null: the default.</param>
/// <param name="MaxInFlight">As set; null: the default.</param>
/// <param name="Effective">What this gateway makes of that.</param>
public sealed record LimitsResponse(int? RequestsPerSecond, int? Burst, int? MaxInFlight, EffectiveLimitsResponse Effective);

/// <summary>The limits in force.</summary>
/// <param name="RequestsPerSecond">Null: no limit.</param>
/// <param name="Burst">Null: no limit.</param>
/// <param name="MaxInFlight">Requests under way at once.</param>
public sealed record EffectiveLimitsResponse(int? RequestsPerSecond, int? Burst, int MaxInFlight);
