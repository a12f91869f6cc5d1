namespace LeadGrain.GrainInterfaces.Enrichment;

/// <summary>What became of an enrichment: <see cref="Known"/>, <see cref="NotConfigured"/>, <see cref="InProgress"/> or <see cref="ProviderFailed"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record EnrichOutcome
{
    private protected EnrichOutcome()
    {
    }

    /// <summary>An answer, from the cache or fresh.</summary>
    /// <param name="Id">Identifier of the cache entry.</param>
    /// <param name="Profile">The person; null where the provider knows nobody by that email.</param>
    /// <param name="Cached">False for exactly the one caller whose request made the provider call.</param>
    /// <param name="FetchedAt">When the provider answered.</param>
    [GenerateSerializer, Immutable]
    public sealed record Known(Guid Id, PersonProfile? Profile, bool Cached, DateTimeOffset FetchedAt) : EnrichOutcome;

    /// <summary>No provider is set up.</summary>
    [GenerateSerializer, Immutable]
    public sealed record NotConfigured : EnrichOutcome;

    /// <summary>Another process has a paid call for this email under way, or died in one a moment ago.</summary>
    /// <param name="RetryAfter">When to ask again.</param>
    [GenerateSerializer, Immutable]
    public sealed record InProgress(TimeSpan RetryAfter) : EnrichOutcome;

    /// <summary>The provider failed; nothing was cached.</summary>
    /// <param name="Kind">In what way.</param>
    /// <param name="RetryAfter">The provider's own word on when to ask again, where it gave one.</param>
    [GenerateSerializer, Immutable]
    public sealed record ProviderFailed(ProviderFailure Kind, TimeSpan? RetryAfter) : EnrichOutcome;
}

/// <summary>The ways in which a provider fails.</summary>
[GenerateSerializer]
public enum ProviderFailure
{
    /// <summary>It refuses our credentials or plan (401, 402, 403).</summary>
    Refused,

    /// <summary>It is throttling us (429).</summary>
    Throttled,

    /// <summary>It calls our request invalid (400, 422 and other 4xx).</summary>
    Rejected,

    /// <summary>It is down or broken (5xx, no connection).</summary>
    Unavailable,

    /// <summary>It did not answer in time.</summary>
    TimedOut,

    /// <summary>It answered 2xx with something that cannot be read as its documented answer.</summary>
    Unreadable,
}
