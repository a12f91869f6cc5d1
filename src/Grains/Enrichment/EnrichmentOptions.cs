using System.ComponentModel.DataAnnotations;
using LeadGrain.Grains.Outbound;

namespace LeadGrain.Grains.Enrichment;

/// <summary>How emails are enriched. Bound from the section Enrichment; the provider's address and key have variables of their own.</summary>
internal sealed class EnrichmentOptions : IValidatableObject
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Enrichment";

    /// <summary>Base address of Apollo or of a service that speaks its API, from APOLLO_SERVICE_URL. Null: the vendor's own, if there is a key.</summary>
    public Uri? ApolloUrl { get; set; }

    /// <summary>Key sent as x-api-key, from APOLLO_SERVICE_API_KEY. Null: none is sent.</summary>
    public string? ApolloKey { get; set; }

    /// <summary>Allows plain http to other hosts, from ALLOW_INSECURE_OUTBOUND or the section. Keys and emails then travel in clear.</summary>
    public bool AllowInsecureOutbound { get; set; }

    /// <summary>How long "nobody found" is believed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan NotFoundFor { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a found person is believed; null for ever.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan? FoundFor { get; set; }

    /// <summary>How long one provider call may take, connecting and reading included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan ProviderTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// After this long an open call is taken for lost, its process for dead, and another call is paid for. More than
    /// <see cref="ProviderTimeout"/>: the rest is for storing the answer and for clocks that differ between processes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest Retry-After that is obeyed as given. A refused attempt is free, so a provider's slip must not close it for days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan LongestThrottle { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The largest answer that is read, in bytes after decompression. An Apollo person is some 20 kB.</summary>
    [Range(1_024, 64 * 1024 * 1024)]
    public int MaxResponseBytes { get; set; } = 1024 * 1024;

    /// <summary>Whether Apollo is set up at all.</summary>
    public bool HasApollo => ApolloUrl is not null || !string.IsNullOrWhiteSpace(ApolloKey);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LostAfter <= ProviderTimeout)
        {
            yield return new ValidationResult("Enrichment:LostAfter must exceed Enrichment:ProviderTimeout, or calls under way would be paid twice.");
        }

        if (ApolloUrl is { } url && OutboundUrl.Objection(url, AllowInsecureOutbound) is { } objection)
        {
            yield return new ValidationResult($"APOLLO_SERVICE_URL {objection}.");
        }

        if (ApolloKey?.Any(c => c is < ' ' or > '~') == true)
        {
            yield return new ValidationResult("APOLLO_SERVICE_API_KEY must be printable ASCII: it is sent as a header.");
        }
    }
}
