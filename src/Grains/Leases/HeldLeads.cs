using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Buffer;

namespace LeadGrain.Grains.Leases;

/// <summary>
/// The leads of a namespace that are out of the plain order, as far as memory holds them: all that are on lease or on a
/// delay ("out"), and the first of those that wait. The database has them all.
/// </summary>
/// <param name="maxWaiting">The most waiting ones held in memory.</param>
/// <param name="maxWaitingBytes">The size, in bytes, that those may have together: the lead that reaches it is the last.</param>
/// <param name="share">Counts them; where the process has no room, only those are kept that pulls need.</param>
internal sealed class HeldLeads(int maxWaiting, long maxWaitingBytes, WaitingShare share)
{
    private readonly SortedSet<Place> _order = [];
    private readonly Dictionary<Place, HeldLead> _waiting = [];
    private readonly Dictionary<Place, Out> _out = [];
    private readonly Dictionary<Guid, Place> _leases = [];
    private readonly HashSet<string> _emails = new(StringComparer.Ordinal);
    private readonly SortedSet<(long DueAt, Place Place)> _due = [];
    private List<HeldLead>? _addedMeanwhile;
    private Place _readThrough = Place.Start;

    // As many are kept without room too: one until pulls read on. A pull of many would else lose them to those that come back
    // from leases before its turn, again and again.
    private int _kept = 1;

    /// <summary>Whether every waiting one is in memory.</summary>
    internal bool IsComplete { get; private set; } = true;

    /// <summary>How many are on lease or on a delay.</summary>
    internal int OutCount => _out.Count;

    /// <summary>Their size, in bytes.</summary>
    internal long OutBytes { get; private set; }

    /// <summary>The size of the waiting ones in memory, in bytes.</summary>
    internal long WaitingBytes { get; private set; }

    /// <summary>Whether the first waiting one is not known without reading on.</summary>
    internal bool MustRead => Lacks(1);

    /// <summary>The monotonic time at which the next lease or delay ends; null with none out.</summary>
    internal long? NextDueAt => _due.Count > 0 ? _due.Min.DueAt : null;

    /// <summary>Whether memory has fewer waiting ones than this, and room for more, while the database may have more.</summary>
    internal bool Lacks(int wanted) => !IsComplete && _order.Count < wanted && WaitingBytes < maxWaitingBytes;

    /// <summary>Says that the database has waiting ones that memory has not.</summary>
    internal void StartReading() => IsComplete = false;

    /// <summary>Where to read on from. Leads that are added from here on until <see cref="EndRead"/> are kept apart.</summary>
    /// <param name="wanted">As many are kept in memory from now on, if there are as many.</param>
    internal Place BeginRead(int wanted)
    {
        _kept = wanted;
        _addedMeanwhile = [];
        return _readThrough;
    }

    /// <summary>Takes in what was read on, in order; those that are out are left so.</summary>
    internal void EndRead(List<HeldLead> read, bool wasLast)
    {
        foreach (var lead in read)
        {
            _readThrough = lead.Place;
            if (!_out.ContainsKey(lead.Place))
            {
                Insert(lead);
            }
        }

        IsComplete = wasLast;
        TrimToBound();
        var added = _addedMeanwhile ?? [];
        _addedMeanwhile = null;
        added.ForEach(Add);
    }

    /// <summary>Adds a waiting lead that the database has; where memory is full, the last ones are left to the database.</summary>
    internal void Add(HeldLead lead)
    {
        if (_addedMeanwhile is { } added)
        {
            added.Add(lead);
        }
        else if (IsComplete || lead.Place.CompareTo(_readThrough) <= 0)
        {
            Insert(lead);
            TrimToBound();
        }
    }

    /// <summary>The waiting ones in memory.</summary>
    internal IEnumerable<WaitingLead> Waiting => _waiting.Values.Select(held => held.Lead);

    /// <summary>The first waiting lead.</summary>
    internal bool TryPeek(out HeldLead lead)
    {
        if (_order.Count == 0)
        {
            lead = null!;
            return false;
        }

        lead = _waiting[_order.Min];
        return true;
    }

    /// <summary>Takes a waiting lead out of memory.</summary>
    internal void Remove(Place place)
    {
        _order.Remove(place);
        if (_waiting.Remove(place, out var removed))
        {
            WaitingBytes -= removed.Lead.Size;
            share.Remove(removed.Lead);
        }
    }

    /// <summary>Puts a lead on lease or on a delay.</summary>
    /// <param name="lead">With its lease or delay in its state.</param>
    /// <param name="dueAt">When that ends, in monotonic time.</param>
    internal void PutOut(HeldLead lead, long dueAt)
    {
        TakeIn(lead.Place);
        _out[lead.Place] = new Out(lead, dueAt);
        OutBytes += lead.Lead.Size;
        _emails.Add(EmailKey.Of(lead.Lead.Lead.Email));
        _due.Add((dueAt, lead.Place));
        if (lead.State.LeaseId is { } lease)
        {
            _leases[lease] = lead.Place;
        }
    }

    /// <summary>Ends a lead's lease or delay; it is then in nobody's hands, nor waiting. Null where it had none.</summary>
    internal HeldLead? TakeIn(Place place)
    {
        if (!_out.Remove(place, out var taken))
        {
            return null;
        }

        OutBytes -= taken.Lead.Lead.Size;
        _due.Remove((taken.DueAt, place));
        _emails.Remove(EmailKey.Of(taken.Lead.Lead.Lead.Email));
        if (taken.Lead.State.LeaseId is { } lease)
        {
            _leases.Remove(lease);
        }

        return taken.Lead;
    }

    /// <summary>The lead on a running lease; null where there is no such lease, or it has ended by this time.</summary>
    internal HeldLead? OnLease(Guid lease, long now)
        => _leases.TryGetValue(lease, out var place) && _out[place] is var held && held.DueAt > now ? held.Lead : null;

    /// <summary>Whether a lead with this email key is on lease or on a delay.</summary>
    internal bool IsOut(string emailKey) => _emails.Contains(emailKey);

    /// <summary>Takes in one lead whose lease or delay has ended by this time.</summary>
    internal bool TryTakeDue(long now, out HeldLead lead)
    {
        if (NextDueAt is { } dueAt && dueAt <= now)
        {
            lead = TakeIn(_due.Min.Place)!;
            return true;
        }

        lead = null!;
        return false;
    }

    private void Insert(HeldLead lead)
    {
        Remove(lead.Place);
        _order.Add(lead.Place);
        _waiting.Add(lead.Place, lead);
        WaitingBytes += lead.Lead.Size;
        share.Add(lead.Lead);
    }

    private void TrimToBound()
    {
        while (_order.Count > maxWaiting
            || (_order.Count > _kept && share.Left < 0)
            || (_order.Count > 1 && WaitingBytes - _waiting[_order.Max].Lead.Size >= maxWaitingBytes))
        {
            Remove(_order.Max);
            IsComplete = false;
            _readThrough = _order.Max;
        }
    }

    private readonly record struct Out(HeldLead Lead, long DueAt);
}
