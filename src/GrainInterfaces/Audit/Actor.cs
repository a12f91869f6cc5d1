namespace LeadGrain.GrainInterfaces.Audit;

/// <summary>Who does something, and why, for the audit log.</summary>
/// <param name="Name"><c>admin</c>, <c>key:…</c>, <c>clay</c>, <c>smartlead</c>, or <c>grid</c> for what the grid does by itself.</param>
/// <param name="Why">What they say themselves, printable, at most 255 characters; null where they say nothing.</param>
[GenerateSerializer, Immutable]
public sealed record Actor(string Name, string? Why = null)
{
    /// <summary>Somebody who does not say why.</summary>
    public static implicit operator Actor(string name) => new(name);

    /// <summary>Somebody who does not say why.</summary>
    public static Actor FromString(string name) => new(name);
}
