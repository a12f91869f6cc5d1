using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>What one namespace decided about its leads, to be written in one commit: all of it or nothing.</summary>
/// <param name="organizationId">On whose behalf.</param>
/// <param name="namespaceId">Which.</param>
/// <param name="epoch">Of its claim.</param>
internal sealed class PullWrite(long organizationId, long namespaceId, long epoch)
{
    // Most writes have served leads only.
    private List<LeasedMark>? _leased;
    private List<SkippedMark>? _skipped;
    private Dictionary<Place, HeldState?>? _held;
    private List<Death>? _deaths;
    private List<Guid>? _revived;
    private List<KeptAnswer>? _answers;

    internal long OrganizationId { get; } = organizationId;

    internal long NamespaceId { get; } = namespaceId;

    internal long Epoch { get; } = epoch;

    /// <summary>Served for good.</summary>
    internal List<ServedMark> Served { get; } = [];

    /// <summary>Whether one of <see cref="Served"/> may have been served before; told apart by the database.</summary>
    internal bool Careful { get; set; }

    /// <summary>Handed out for a while, unless served before.</summary>
    internal IReadOnlyCollection<LeasedMark> Leased => _leased ?? [];

    /// <summary>Passed over for good.</summary>
    internal IReadOnlyCollection<SkippedMark> Skipped => _skipped ?? [];

    /// <summary>What becomes of leads out of the plain order; null where they leave the held ones.</summary>
    internal IReadOnlyCollection<KeyValuePair<Place, HeldState?>> Held => _held ?? [];

    /// <summary>Set aside after their last attempt.</summary>
    internal IReadOnlyCollection<Death> Deaths => _deaths ?? [];

    /// <summary>No longer dead, by the ids of their deaths.</summary>
    internal IReadOnlyCollection<Guid> Revived => _revived ?? [];

    /// <summary>Answers to keep.</summary>
    internal IReadOnlyCollection<KeptAnswer> Answers => _answers ?? [];

    /// <summary>How many rows it writes.</summary>
    internal int Weight { get; private set; }

    internal void Serve(ServedMark mark)
    {
        Served.Add(mark);
        Weight++;
    }

    internal void Lease(LeasedMark mark)
    {
        _held?.Remove(mark.Lead.Place);
        (_leased ??= []).Add(mark);
        Weight++;
    }

    internal void Skip(SkippedMark mark)
    {
        (_skipped ??= []).Add(mark);
        Weight++;
    }

    /// <summary>The last word on a lead counts.</summary>
    internal void Hold(Place place, HeldState? state)
    {
        (_held ??= [])[place] = state;
        Weight++;
    }

    /// <summary>Whether a lead leaves the held ones.</summary>
    internal bool Unholds(Place place) => _held is not null && _held.TryGetValue(place, out var state) && state is null;

    internal void Bury(Death death)
    {
        (_deaths ??= []).Add(death);
        Hold(death.Place, null);
    }

    internal void Revive(Guid death, Place place)
    {
        (_revived ??= []).Add(death);
        Hold(place, new HeldState(0));
    }

    internal void Keep(KeptAnswer answer)
    {
        (_answers ??= []).Add(answer);
        Weight++;
    }
}

/// <summary>A lead to be marked served.</summary>
/// <param name="Id">UUID version 7 of the same instant as <paramref name="At"/>.</param>
/// <param name="At">When it was decided.</param>
/// <param name="Lead">Which.</param>
internal readonly record struct ServedMark(Guid Id, DateTimeOffset At, WaitingLead Lead);

/// <summary>A lead to be put on lease.</summary>
internal readonly record struct LeasedMark(WaitingLead Lead, HeldState State);

/// <summary>A lead to be passed over: its email was served, or is in other hands, by another lead of the namespace.</summary>
/// <param name="Id">UUID version 7, in one order with those of served leads.</param>
/// <param name="Seq">Which.</param>
internal readonly record struct SkippedMark(Guid Id, long Seq);

/// <summary>A lead to be set aside as dead.</summary>
internal readonly record struct Death(Guid Id, Place Place, int Attempts, DateTimeOffset At);

/// <summary>What became of a <see cref="PullWrite"/>: <see cref="Done"/> or <see cref="Fenced"/>.</summary>
internal abstract record PullResult
{
    /// <summary>Committed, but for leads whose email had been served meanwhile.</summary>
    internal sealed record Done(IReadOnlySet<long> AlreadyServed) : PullResult
    {
        internal static readonly Done All = new(new HashSet<long>());
    }

    /// <summary>Refused: another activation has claimed the namespace since, or another namespace's request took one of its keys.</summary>
    internal sealed record Fenced : PullResult
    {
        internal static readonly Fenced Value = new();
    }
}

/// <summary>Leads of one namespace to be buffered, and the answers to keep for it.</summary>
internal sealed record PushWrite(
    long OrganizationId, long NamespaceId, long Epoch, IReadOnlyList<WaitingLead> Leads, IReadOnlyList<KeptAnswer> Answers)
{
    /// <summary>How many rows it writes, those of prioritized leads apart.</summary>
    internal int Weight => Leads.Count + Answers.Count;
}
