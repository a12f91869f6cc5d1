using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.GrainInterfaces.Leases;

/// <summary>What is to become of leases.</summary>
/// <param name="Leases">Their ids, 1 to <see cref="MaxLeases"/>.</param>
/// <param name="Action">For all of them.</param>
/// <param name="Key">Makes a repeat safe.</param>
[GenerateSerializer, Immutable]
public sealed record LeaseCommand(ImmutableArray<Guid> Leases, LeaseAction Action, RequestKey? Key = null)
{
    /// <summary>The most leases of one command.</summary>
    public const int MaxLeases = 1_000;
}

/// <summary>What to do with a lease: <see cref="Ack"/>, <see cref="Nack"/> or <see cref="Extend"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record LeaseAction
{
    private protected LeaseAction()
    {
    }

    /// <summary>The lead is done with: served for good.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Ack : LeaseAction
    {
        /// <summary>The one value.</summary>
        public static readonly Ack Value = new();
    }

    /// <summary>The lead goes back to its place; after its last attempt it is set aside as dead.</summary>
    /// <param name="Delay">How long it is not handed out, whole seconds up to a day; zero for none.</param>
    [GenerateSerializer, Immutable]
    public sealed record Nack(TimeSpan Delay) : LeaseAction;

    /// <summary>The lease runs this long from now, whether that is later or earlier than before.</summary>
    /// <param name="Lease">Whole seconds up to a day.</param>
    [GenerateSerializer, Immutable]
    public sealed record Extend(TimeSpan Lease) : LeaseAction;
}

/// <summary>What became of one lease of a command.</summary>
[GenerateSerializer]
public enum LeaseFate
{
    /// <summary>Its lead is served for good.</summary>
    Acked,

    /// <summary>Its lead waits again, at once or after the delay.</summary>
    Returned,

    /// <summary>That was its lead's last attempt: it is set aside.</summary>
    Dead,

    /// <summary>It runs on.</summary>
    Extended,

    /// <summary>Not a lease of this namespace that still runs: expired, settled before, or never given. Nothing was done.</summary>
    NotHeld,
}

/// <summary>What became of one lease.</summary>
/// <param name="Fate">Which.</param>
/// <param name="ExpiresAt">Of an extended lease.</param>
[GenerateSerializer, Immutable]
public readonly record struct LeaseOutcome(LeaseFate Fate, DateTimeOffset? ExpiresAt = null);

/// <summary>What became of the leases of a command, in its order.</summary>
[GenerateSerializer, Immutable]
public sealed record LeaseOutcomes(ImmutableArray<LeaseOutcome> Leases);
