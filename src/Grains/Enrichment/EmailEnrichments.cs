using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Enrichment;

/// <summary>Makes each email's <see cref="EmailEnrichment"/> from what all of them share.</summary>
internal sealed class EmailEnrichments(
    EnrichmentStore store,
    ProviderLine line,
    IOptions<EnrichmentOptions> options,
    EnrichmentMetrics metrics,
    TimeProvider time,
    ILogger<EmailEnrichment> logger)
{
    public EmailEnrichment Of(string emailKey) => new(emailKey, store, line, options.Value, metrics, time, logger);
}
