namespace LeadGrain.GrainInterfaces.Organizations;

/// <summary>What one organization may ask of each gateway. Null leaves the gateway's default in force.</summary>
/// <param name="RequestsPerSecond">Requests a second in the long run, 1 or more.</param>
/// <param name="Burst">Requests that may come at once after a pause, 1 or more.</param>
/// <param name="MaxInFlight">Requests under way at once, 1 or more.</param>
[GenerateSerializer, Immutable]
public sealed record OrganizationLimits(int? RequestsPerSecond, int? Burst, int? MaxInFlight)
{
    /// <summary>All defaults.</summary>
    public static OrganizationLimits Default { get; } = new(null, null, null);
}
