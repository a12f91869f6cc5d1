using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>What became of a pull: <see cref="Served"/>, <see cref="Empty"/>, <see cref="Paused"/> or <see cref="TooManyLeases"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record PullOutcome
{
    private protected PullOutcome()
    {
    }

    /// <summary>Leads, at least one, in order: served for good or leased, as asked.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Served(ImmutableArray<PulledLead> Leads) : PullOutcome;

    /// <summary>Nothing waits.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Empty : PullOutcome
    {
        /// <summary>The one value.</summary>
        public static readonly Empty Value = new();
    }

    /// <summary>The namespace hands nothing out until it is resumed.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Paused : PullOutcome
    {
        /// <summary>The one value.</summary>
        public static readonly Paused Value = new();
    }

    /// <summary>As many leads are on lease or on delay as one namespace may have: acknowledge some first.</summary>
    /// <param name="Limit">How many.</param>
    [GenerateSerializer, Immutable]
    public sealed record TooManyLeases(int Limit) : PullOutcome;
}

/// <summary>A lead handed out.</summary>
/// <param name="Lead">As it was pushed.</param>
/// <param name="Origin">Of its push.</param>
/// <param name="Lease">Until when; null where it was served for good.</param>
[GenerateSerializer, Immutable]
public sealed record PulledLead(NewLead Lead, LeadOrigin Origin, Leases.Lease? Lease);
