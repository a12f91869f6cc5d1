namespace LeadGrain.GrainInterfaces.Idempotency;

/// <summary>Marks a request so that it can be repeated safely: scoped to its organization and to what it asks for.</summary>
/// <param name="Key">The caller's Idempotency-Key, 1 to 255 characters, or one of the grid's own.</param>
/// <param name="Body">SHA-256 of the request's body as received, 32 bytes.</param>
[GenerateSerializer, Immutable]
public sealed record RequestKey(string Key, byte[] Body)
{
    /// <summary>Begins the grid's own keys. Callers' keys are ASCII, so that none of them is one of these.</summary>
    public const string Own = "\u00a7";
}
