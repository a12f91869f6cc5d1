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
}

/// <summary>A namespace as its grain claimed it.</summary>
/// <param name="Id">Row of namespaces.</param>
/// <param name="Epoch">What this claim's writes carry.</param>
/// <param name="Settled">The checkpoint.</param>
/// <param name="LastSeq">Of the newest lead in the buffer; 0 with none.</param>
/// <param name="LastServedId">Of the lead served last; empty with none.</param>
internal sealed record ClaimedNamespace(long Id, long Epoch, Checkpoint Settled, long LastSeq, Guid LastServedId);

/// <summary>
/// Every seq up to <paramref name="Seq"/> is settled, this many by serving and this many by skipping;
/// <paramref name="LastId"/> is the greatest id of the served ones.
/// </summary>
internal readonly record struct Checkpoint(long Seq, Guid LastId, long Served, long Skipped);

/// <summary>What was settled after a checkpoint: the greatest seq, and how many by which way. Seqs below may still wait.</summary>
internal readonly record struct SettledSince(long LastSeq, long Served, long Skipped);

/// <summary>Leads of one namespace to be marked served or skipped in one commit.</summary>
internal sealed record PullWrite(long NamespaceId, long Epoch, IReadOnlyList<ServedMark> Served, IReadOnlyList<long> Skipped);

/// <summary>One lead to be marked served.</summary>
/// <param name="Id">UUID version 7 of the same instant as <paramref name="At"/>.</param>
/// <param name="At">When it was decided.</param>
/// <param name="Lead">Which.</param>
internal readonly record struct ServedMark(Guid Id, DateTimeOffset At, WaitingLead Lead);

/// <summary>What became of a <see cref="PullWrite"/>: <see cref="Done"/> or <see cref="Fenced"/>.</summary>
internal abstract record PullResult
{
    /// <summary>Committed, but for leads whose email had been served meanwhile.</summary>
    internal sealed record Done(IReadOnlySet<long> AlreadyServed) : PullResult
    {
        internal static readonly Done All = new(new HashSet<long>());
    }

    /// <summary>Refused: another activation has claimed the namespace since.</summary>
    internal sealed record Fenced : PullResult
    {
        internal static readonly Fenced Value = new();
    }
}

/// <summary>Leads of one namespace to be buffered.</summary>
internal sealed record PushWrite(long NamespaceId, long Epoch, IReadOnlyList<WaitingLead> Leads);
