using LeadGrain.GrainInterfaces.Enrichment;

namespace LeadGrain.Grains.Enrichment;

/// <summary>A cache entry: what a provider said of an email, and when. No profile: it knew nobody.</summary>
internal sealed record EnrichmentEntry(Guid Id, PersonProfile? Profile, DateTimeOffset FetchedAt)
{
    /// <summary>Whether this still answers at that moment.</summary>
    public bool IsFresh(DateTimeOffset now, TimeSpan notFoundFor, TimeSpan? foundFor)
    {
        var believedFor = Profile is null ? notFoundFor : foundFor;
        return believedFor is not { } span || now - FetchedAt < span;
    }

    public EnrichOutcome.Known Answer(bool cached) => new(Id, Profile, cached, FetchedAt);
}
