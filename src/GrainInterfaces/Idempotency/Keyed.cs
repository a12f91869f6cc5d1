namespace LeadGrain.GrainInterfaces.Idempotency;

/// <summary>What a key turned out to be when its request came.</summary>
[GenerateSerializer]
public enum KeyUse
{
    /// <summary>New, or the request had none: this is its first answer.</summary>
    First,

    /// <summary>Answered before: this is that answer again, and nothing was done.</summary>
    Replayed,

    /// <summary>The request that came first with this key has no answer yet. Nothing was done.</summary>
    InProgress,

    /// <summary>Another request had this key: its body differs. Nothing was done.</summary>
    TakenByOther,
}

/// <summary>The outcome of a request that may carry a <see cref="RequestKey"/>.</summary>
/// <param name="Use">What became of the key.</param>
/// <param name="Outcome">Null exactly for <see cref="KeyUse.InProgress"/> and <see cref="KeyUse.TakenByOther"/>.</param>
[GenerateSerializer, Immutable]
public sealed record Keyed<TOutcome>(KeyUse Use, TOutcome? Outcome)
    where TOutcome : class;
