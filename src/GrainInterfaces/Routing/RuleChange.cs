namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>What became of a change of rules: <see cref="Done"/>, <see cref="NotFound"/>, <see cref="ChangedMeanwhile"/> or <see cref="TooMany"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record RuleChange
{
    private protected RuleChange()
    {
    }

    /// <summary>In force.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Done(RoutingRule Rule) : RuleChange;

    /// <summary>There is no such rule.</summary>
    [GenerateSerializer, Immutable]
    public sealed record NotFound : RuleChange
    {
        /// <summary>The one value.</summary>
        public static readonly NotFound Value = new();
    }

    /// <summary>It is not what the change was made from any more. Nothing was done.</summary>
    [GenerateSerializer, Immutable]
    public sealed record ChangedMeanwhile : RuleChange
    {
        /// <summary>The one value.</summary>
        public static readonly ChangedMeanwhile Value = new();
    }

    /// <summary>The organization has as many rules as it may. Nothing was done.</summary>
    [GenerateSerializer, Immutable]
    public sealed record TooMany : RuleChange
    {
        /// <summary>The one value.</summary>
        public static readonly TooMany Value = new();
    }
}
