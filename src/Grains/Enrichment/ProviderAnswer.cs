using LeadGrain.GrainInterfaces.Enrichment;

namespace LeadGrain.Grains.Enrichment;

/// <summary>What a provider said.</summary>
/// <param name="HttpStatus">The answer's status; null where none came.</param>
/// <param name="Credits">What the call cost; null where that cannot be known.</param>
internal abstract record ProviderAnswer(int? HttpStatus, int? Credits)
{
    /// <summary>The ledger's word for it.</summary>
    public abstract string Outcome { get; }

    /// <summary>Somebody.</summary>
    /// <param name="Raw">The answer as it came: JSON that PostgreSQL takes.</param>
    internal sealed record Found(PersonProfile Profile, ReadOnlyMemory<byte> Raw, int? HttpStatus, int Cost) : ProviderAnswer(HttpStatus, Cost)
    {
        public override string Outcome => "found";
    }

    /// <summary>Nobody, by the provider's own word.</summary>
    internal sealed record NotFound(ReadOnlyMemory<byte> Raw, int? HttpStatus, int Cost) : ProviderAnswer(HttpStatus, Cost)
    {
        public override string Outcome => "not_found";
    }

    /// <summary>Neither.</summary>
    internal sealed record Failed(ProviderFailure Kind, int? HttpStatus, int? Credits, TimeSpan? RetryAfter = null)
        : ProviderAnswer(HttpStatus, Credits)
    {
        public override string Outcome => Kind switch
        {
            ProviderFailure.Refused => "refused",
            ProviderFailure.Throttled => "throttled",
            ProviderFailure.Rejected => "rejected",
            ProviderFailure.Unavailable => "unavailable",
            ProviderFailure.TimedOut => "timed_out",
            ProviderFailure.Unreadable => "unreadable",
            _ => throw new InvalidOperationException($"No ledger word for {Kind}."),
        };
    }
}
