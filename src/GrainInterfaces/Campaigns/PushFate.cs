namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>What became of a push so far: <see cref="Pushed"/>, <see cref="Pending"/>, <see cref="Failed"/> or <see cref="Unknown"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record PushFate
{
    private protected PushFate()
    {
    }

    /// <summary>The campaign has the lead.</summary>
    /// <param name="Kind">The target's: smartlead, webhook or namespace; null where the campaign is gone since.</param>
    [GenerateSerializer, Immutable]
    public sealed record Pushed(string? Kind) : PushFate
    {
        /// <summary>The kind of a campaign of Smartlead's.</summary>
        public const string Smartlead = "smartlead";

        /// <summary>The kind of a namespace.</summary>
        public const string Namespace = "namespace";
    }

    /// <summary>Not decided within the wait; the push goes on by itself.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Pending : PushFate
    {
        /// <summary>The one value.</summary>
        public static readonly Pending Value = new();
    }

    /// <summary>The last attempt failed. A failure that may pass is tried again by itself.</summary>
    /// <param name="Reason">For people; names no lead and no secret.</param>
    /// <param name="IsFinal">Whether the lead is dead: nothing is tried again until somebody says so.</param>
    [GenerateSerializer, Immutable]
    public sealed record Failed(string Reason, bool IsFinal = false) : PushFate;

    /// <summary>No such campaign is set up: the push waits until it is.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Unknown : PushFate
    {
        /// <summary>The one value.</summary>
        public static readonly Unknown Value = new();
    }
}
