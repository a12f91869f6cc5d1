using LeadGrain.GrainInterfaces.Enrichment;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Enrichment;

/// <summary>This process's line to the provider: its time limit, its gate, its measures. Shared by all grains.</summary>
internal sealed class ProviderLine(
    IEnumerable<IEnrichmentProvider> providers, IOptions<EnrichmentOptions> options, EnrichmentMetrics metrics, TimeProvider time)
{
    private readonly ProviderGate _gate = new(time);

    // One provider for now; asking several in turn needs an order and a budget first.
    private readonly IEnrichmentProvider? _provider = providers.FirstOrDefault(p => p.IsConfigured);

    /// <summary>The provider's name; null where none is set up.</summary>
    public string? Provider => _provider?.Name;

    /// <summary>How long the provider wants not to be called; null where it may be.</summary>
    public TimeSpan? ClosedFor => _gate.ClosedFor;

    /// <summary>Makes one call.</summary>
    public async Task<ProviderAnswer> CallAsync(string email)
    {
        var provider = _provider ?? throw new InvalidOperationException("No provider is set up.");
        var started = time.GetTimestamp();
        using var limit = new CancellationTokenSource(options.Value.ProviderTimeout, time);
        ProviderAnswer answer;
        try
        {
            answer = await provider.FindAsync(email, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            answer = new ProviderAnswer.Failed(ProviderFailure.TimedOut, null, null);
        }

        if (answer is ProviderAnswer.Failed { Kind: ProviderFailure.Throttled, RetryAfter: { } asked } throttled)
        {
            var wait = asked < options.Value.LongestThrottle ? asked : options.Value.LongestThrottle;
            _gate.CloseFor(wait);
            answer = throttled with { RetryAfter = wait };
        }

        metrics.Called(provider.Name, answer, time.GetElapsedTime(started));
        return answer;
    }
}
