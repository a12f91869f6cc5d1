using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Grains.Idempotency;

/// <summary>Settings of idempotency keys.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>How long an answer is kept for repeats.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan KeptFor { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How often a process that keeps answers removes old ones.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan RemoveEvery { get; set; } = TimeSpan.FromMinutes(10);
}
