using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Enrichment;

namespace LeadGrain.Gateway.Enrichment;

/// <summary>How enrichments that came to nothing are answered.</summary>
internal static class EnrichProblems
{
    /// <summary>The answer; null for an outcome that is none of them.</summary>
    internal static Problem? Find(EnrichOutcome outcome) => outcome switch
    {
        EnrichOutcome.NotConfigured =>
            new Problem(503, ProblemCodes.EnrichmentNotConfigured, "Enrichment not configured", "No enrichment provider is set up."),
        EnrichOutcome.InProgress wait =>
            new Problem(503, ProblemCodes.EnrichmentInProgress, "Enrichment in progress", "A paid call for this email is under way.")
            {
                RetryAfter = wait.RetryAfter,
            },
        EnrichOutcome.ProviderFailed failed => OfFailure(failed.Kind, failed.RetryAfter) with { RetryAfter = failed.RetryAfter },
        _ => null,
    };

    private static Problem OfFailure(ProviderFailure kind, TimeSpan? retryAfter) => kind switch
    {
        ProviderFailure.Refused =>
            new(503, ProblemCodes.ProviderRefused, "Provider refused", "The enrichment provider refuses this grid's credentials or plan."),
        ProviderFailure.Throttled =>
            new(503, ProblemCodes.ProviderThrottled, "Provider throttled", "The enrichment provider is throttling this grid."),
        ProviderFailure.Rejected =>
            new(502, ProblemCodes.ProviderRejected, "Provider rejected", "The enrichment provider calls the request invalid."),
        ProviderFailure.TimedOut =>
            new(504, ProblemCodes.ProviderTimedOut, "Provider timed out", "The enrichment provider did not answer in time."),
        ProviderFailure.Unreadable =>
            new(502, ProblemCodes.ProviderUnreadable, "Provider unreadable", "The enrichment provider's answer cannot be read."),
        _ => new(retryAfter is null ? 502 : 503, ProblemCodes.ProviderUnavailable, "Provider unavailable", "The enrichment provider is down."),
    };
}
