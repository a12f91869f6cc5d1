namespace LeadGrain.Grains.Ingestion;

/// <summary>What can be made of a post: a <see cref="Lead"/>, or nothing (<see cref="Invalid"/>).</summary>
internal abstract record Normalized
{
    private Normalized()
    {
    }

    /// <summary>A lead.</summary>
    /// <param name="Fields">As <see cref="GrainInterfaces.Ingestion.LeadFields"/> orders them; null for what was not said.</param>
    /// <param name="Extra">A JSON object in UTF-8 of everything that has no field; null where that is nothing.</param>
    internal sealed record Lead(string?[] Fields, byte[]? Extra) : Normalized;

    /// <summary>No JSON object and no form.</summary>
    /// <param name="Reason">In a word; holds nothing of the body.</param>
    internal sealed record Invalid(string Reason) : Normalized;
}
