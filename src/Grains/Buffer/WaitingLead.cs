using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Buffer;

/// <summary>A lead in the buffer.</summary>
/// <param name="Seq">Its place in the namespace's push order, dense from 1.</param>
/// <param name="OriginId">Row of lead_origins.</param>
/// <param name="Origin">The same, read.</param>
/// <param name="Lead">As pushed.</param>
internal readonly record struct WaitingLead(long Seq, long OriginId, LeadOrigin Origin, NewLead Lead)
{
    internal int Size => 64 + (2 * Lead.Email.Length) + (Lead.Data?.Length ?? 0);

    internal Place Place => new(-Lead.Priority, Seq);
}

/// <summary>Where a lead stands in the order of serving: the lower first.</summary>
/// <param name="Rank">Its priority, negated.</param>
/// <param name="Seq">Its place in the push order.</param>
internal readonly record struct Place(int Rank, long Seq) : IComparable<Place>
{
    /// <summary>Before every place.</summary>
    internal static readonly Place Start = new(int.MinValue, 0);

    /// <inheritdoc/>
    public int CompareTo(Place other) => Rank != other.Rank ? Rank.CompareTo(other.Rank) : Seq.CompareTo(other.Seq);
}

/// <summary>A namespace as its grain claimed it.</summary>
/// <param name="Id">Row of namespaces.</param>
/// <param name="OrganizationId">Row of organizations.</param>
/// <param name="Epoch">What this claim's writes carry.</param>
/// <param name="Settled">The checkpoint.</param>
/// <param name="Paused">Whether it hands nothing out.</param>
/// <param name="LastSeq">Of the newest lead in the buffer; 0 with none.</param>
/// <param name="LastId">The greatest id of a served or skipped lead; empty with none.</param>
/// <param name="HasHeld">Whether any lead is out of the plain order.</param>
internal sealed record ClaimedNamespace(
    long Id, long OrganizationId, long Epoch, Checkpoint Settled, bool Paused, long LastSeq, Guid LastId, bool HasHeld);

/// <summary>
/// Every lead of priority 0 up to <paramref name="Seq"/> is served, skipped, held or dead. The counts are of all leads
/// served and skipped under ids up to <paramref name="LastId"/>.
/// </summary>
internal readonly record struct Checkpoint(long Seq, Guid LastId, long Served, long Skipped);

/// <summary>What left the plain order after a checkpoint: the greatest seq, and how many were settled by which way. Seqs below may still wait.</summary>
internal readonly record struct SettledSince(long LastSeq, long Served, long Skipped);
