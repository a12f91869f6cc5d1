using System.ComponentModel.DataAnnotations;
using LeadGrain.Gateway.Outbound;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Gateway.Runs;

/// <summary>How runs are reported. Without a URL, nothing is.</summary>
public sealed class RunsOptions : IValidatableObject
{
    /// <summary>The runs service's base URL (<c>RUNS_SERVICE_URL</c>).</summary>
    public string? Url { get; set; }

    /// <summary>Whether plain http to other machines is allowed (<c>ALLOW_INSECURE_OUTBOUND</c>).</summary>
    public bool AllowInsecure { get; set; }

    /// <summary>Reports that may wait; further ones are dropped.</summary>
    [Range(1, 1_000_000)]
    public int QueueCapacity { get; set; } = 10_000; // about 3 MB

    /// <summary>Reports sent at a time.</summary>
    [Range(1, 64)]
    public int Concurrency { get; set; } = 4;

    /// <summary>Tries per call.</summary>
    [Range(1, 10)]
    public int Tries { get; set; } = 3;

    /// <summary>Longest wait for one answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait before the second try, doubled before each further one, with jitter.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A Retry-After above this ends the tries: four workers cannot wait for minutes.</summary>
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a stop waits for reports to be sent.</summary>
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Url is not null && OutboundAddress.Refusal("RUNS_SERVICE_URL", Url, AllowInsecure) is { } refusal)
        {
            yield return new ValidationResult(refusal, [nameof(Url)]);
        }

        if (Url is not null && Uri.TryCreate(Url, UriKind.Absolute, out var uri) && (uri.Query.Length > 0 || uri.Fragment.Length > 0))
        {
            yield return new ValidationResult("RUNS_SERVICE_URL must have no query and no fragment.", [nameof(Url)]);
        }

        if (Timeout <= TimeSpan.Zero || FirstDelay < TimeSpan.Zero || LongestDelay < FirstDelay || Drain < TimeSpan.Zero)
        {
            yield return new ValidationResult("Runs: time-outs and delays must be positive, and the longest delay not below the first.");
        }
    }
}
