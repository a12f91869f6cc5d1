namespace LeadGrain.Grains.Enrichment;

/// <summary>A source of people by email. Calls may cost money. Implementations are shared by all grains of a process, at once.</summary>
internal interface IEnrichmentProvider
{
    /// <summary>Names it in the ledger, in cache entries and in metrics: short, lower-case, never changed.</summary>
    string Name { get; }

    /// <summary>Whether the configuration sets it up.</summary>
    bool IsConfigured { get; }

    /// <summary>
    /// Asks for the person behind an email: one call, no retries. Every failure of the provider or of the way to it is an
    /// <see cref="ProviderAnswer.Failed"/>, and nothing but the provider's clear word is <see cref="ProviderAnswer.NotFound"/>.
    /// </summary>
    /// <param name="email">A normalized email.</param>
    /// <param name="cancellationToken">The call's time limit.</param>
    /// <exception cref="OperationCanceledException">The time limit passed.</exception>
    Task<ProviderAnswer> FindAsync(string email, CancellationToken cancellationToken);
}
