using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Grains.Enrichment;

/// <summary>A call about to be made.</summary>
/// <param name="CallId">The ledger's row.</param>
/// <param name="Unsure">Earlier intents of the same owner whose commits were never confirmed, and whose calls were never made.</param>
internal sealed record EnrichmentIntent(
    Guid CallId, IReadOnlyList<Guid> Unsure, string EmailKey, string Provider, Tenant Requester, DateTimeOffset StartedAt);

/// <summary>Whether a call may be made.</summary>
internal abstract record IntentOutcome
{
    /// <summary>It may: the intent is committed.</summary>
    /// <param name="Stale">The entry that the call's answer will replace.</param>
    /// <param name="Lost">How many silent calls were closed as lost to make room.</param>
    internal sealed record Opened(EnrichmentEntry? Stale, int Lost) : IntentOutcome;

    /// <summary>No need: somebody else stored an answer meanwhile.</summary>
    internal sealed record Answered(EnrichmentEntry Entry) : IntentOutcome;

    /// <summary>Not now: somebody else's call is under way since then.</summary>
    internal sealed record Held(DateTimeOffset Since) : IntentOutcome;
}

/// <summary>A call that was made: what closes its ledger row and, where it answered, fills the cache.</summary>
internal sealed record Settlement(Guid CallId, string EmailKey, string Provider, DateTimeOffset FinishedAt, ProviderAnswer Answer, EnrichmentEntry? Entry)
{
    /// <summary>The settlement of an answer.</summary>
    /// <param name="entryId">Identifier for the entry, if there is to be one: the replaced entry's, so that identifiers last.</param>
    public static Settlement Of(EnrichmentIntent intent, ProviderAnswer answer, Guid entryId, DateTimeOffset now) =>
        new(intent.CallId, intent.EmailKey, intent.Provider, now, answer, answer switch
        {
            ProviderAnswer.Found found => new EnrichmentEntry(entryId, found.Profile, now),
            ProviderAnswer.NotFound => new EnrichmentEntry(entryId, null, now),
            _ => null,
        });

    /// <summary>The provider's answer as JSON; empty where it gave none.</summary>
    public ReadOnlyMemory<byte> Raw => Answer switch
    {
        ProviderAnswer.Found found => found.Raw,
        ProviderAnswer.NotFound nobody => nobody.Raw,
        _ => default,
    };
}
