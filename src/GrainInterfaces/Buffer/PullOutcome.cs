namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>What became of a pull: <see cref="Served"/> or <see cref="Empty"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record PullOutcome
{
    private protected PullOutcome()
    {
    }

    /// <summary>A lead, now served for good.</summary>
    /// <param name="Id">Identifier of the served lead.</param>
    /// <param name="Lead">As it was pushed.</param>
    /// <param name="Origin">Of its push.</param>
    [GenerateSerializer, Immutable]
    public sealed record Served(Guid Id, NewLead Lead, LeadOrigin Origin) : PullOutcome;

    /// <summary>Nothing waits.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Empty : PullOutcome
    {
        /// <summary>The one value.</summary>
        public static readonly Empty Value = new();
    }
}
