namespace LeadGrain.Grains.Buffer;

/// <summary>
/// The front of a namespace's plain order, leads of priority 0 by seq, held in memory. What lies behind it is in the
/// database only. Bounded in leads and in bytes.
/// </summary>
internal sealed class Window(int maxLeads, int maxBytes, WaitingShare share)
{
    private readonly Queue<WaitingLead> _leads = new();
    private long _bytes;

    internal int Count => _leads.Count;

    /// <summary>Leads up to this seq are in the window or have left it.</summary>
    internal long ReadThrough { get; private set; }

    /// <summary>The seq of the front lead; with none, the next one to come.</summary>
    internal long NextSeq => _leads.TryPeek(out var lead) ? lead.Seq : ReadThrough + 1;

    /// <summary>Starts behind a seq.</summary>
    internal void StartAfter(long seq) => ReadThrough = seq;

    /// <summary>Adds leads in order, as many as fit; at least one where the window is empty.</summary>
    /// <param name="leads">From the next one on.</param>
    /// <param name="room">How many bytes may come.</param>
    internal void Fill(IEnumerable<WaitingLead> leads, long room = long.MaxValue)
    {
        var most = room < maxBytes - _bytes ? _bytes + room : maxBytes;
        foreach (var lead in leads)
        {
            if (_leads.Count > 0 && (_leads.Count >= maxLeads || _bytes + lead.Size > most))
            {
                return;
            }

            Add(lead);
        }
    }

    /// <summary>Adds leads in order, all of them.</summary>
    internal void FillWholly(IEnumerable<WaitingLead> leads)
    {
        foreach (var lead in leads)
        {
            Add(lead);
        }
    }

    /// <summary>All in memory, in order.</summary>
    internal IEnumerable<WaitingLead> Leads => _leads;

    /// <summary>The front lead.</summary>
    internal bool TryPeek(out WaitingLead lead) => _leads.TryPeek(out lead);

    /// <summary>Takes the front lead out.</summary>
    internal bool TryTake(out WaitingLead lead)
    {
        if (!_leads.TryDequeue(out lead))
        {
            return false;
        }

        _bytes -= lead.Size;
        share.Remove(lead);
        return true;
    }

    private void Add(WaitingLead lead)
    {
        // Leads of another priority are not in the plain order; they are only passed by.
        if (lead.Lead.Priority == 0)
        {
            _leads.Enqueue(lead);
            _bytes += lead.Size;
            share.Add(lead);
        }

        ReadThrough = lead.Seq;
    }
}
