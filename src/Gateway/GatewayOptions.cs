using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Gateway;

/// <summary>The gateway's limits.</summary>
public sealed class GatewayOptions
{
    /// <summary>Requests under way at once; further ones are shed with 503. Setting <c>MAX_IN_FLIGHT</c>.</summary>
    [Range(1, 1_000_000)]
    public int MaxInFlight { get; set; } = 4096;

    /// <summary>How long a request waits for its grain before 503 <c>timed_out</c>. Setting <c>GRAIN_CALL_TIMEOUT</c>, as 00:00:30.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan GrainCallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before a call is repeated because its grain was between owners; doubled with each repeat.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan OwnershipRetryDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a readiness check may take before it counts as not ready.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ReadinessTimeout { get; set; } = TimeSpan.FromSeconds(2);
}
