using System.ComponentModel.DataAnnotations;
using LeadGrain.Gateway.Outbound;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Gateway.Errors;

/// <summary>How errors are reported to Sentry, or to a tracker that speaks its protocol. Without a DSN, none are.</summary>
public sealed class SentryOptions : IValidatableObject
{
    /// <summary>The project's DSN (<c>SENTRY_DSN</c>).</summary>
    public string? Dsn { get; set; }

    /// <summary>The release that events bear (<c>SENTRY_RELEASE</c>; by default <c>leadgrain@version</c>).</summary>
    public string Release { get; set; } = "leadgrain";

    /// <summary>The environment that events bear (<c>SENTRY_ENVIRONMENT</c>; by default the host's).</summary>
    public string Environment { get; set; } = "production";

    /// <summary>Whether plain http to other machines is allowed (<c>ALLOW_INSECURE_OUTBOUND</c>).</summary>
    public bool AllowInsecure { get; set; }

    /// <summary>Errors that may wait; further ones are dropped.</summary>
    [Range(1, 10_000)]
    public int QueueCapacity { get; set; } = 200; // each keeps its exception alive; an outage makes thousands of the same

    /// <summary>Longest wait for one answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stop waits for errors to be sent.</summary>
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Dsn is not null && SentryDsn.Parse(Dsn) is null)
        {
            yield return new ValidationResult("SENTRY_DSN is not a DSN: https://publicKey@host/project.", [nameof(Dsn)]);
        }
        else if (Dsn is not null && OutboundAddress.Refusal("SENTRY_DSN", Dsn, AllowInsecure) is { } refusal)
        {
            yield return new ValidationResult(refusal, [nameof(Dsn)]);
        }

        if (Timeout <= TimeSpan.Zero || Drain < TimeSpan.Zero)
        {
            yield return new ValidationResult("Sentry: time-outs must be positive.");
        }
    }
}
