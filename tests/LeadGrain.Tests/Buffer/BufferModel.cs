namespace LeadGrain.Tests.Buffer;

/// <summary>What a namespace is held against: lists and a set in memory, and a clock of whole hours.</summary>
internal sealed class BufferModel(int maxAttempts)
{
    private readonly SortedSet<Lead> _waiting = new(Comparer<Lead>.Create((a, b) => (-a.Priority, a.Seq).CompareTo((-b.Priority, b.Seq))));
    private readonly List<Lead> _out = [];
    private readonly List<Lead> _dead = [];
    private readonly HashSet<string> _served = [];
    private long _lastSeq;
    private int _skipped;
    private int _hour;

    internal bool Exists => _lastSeq > 0;

    internal IEnumerable<string> Dead => _dead.Select(lead => lead.Email);

    // A waiting lead whose email is served or out stays waiting until a pull passes over it.
    internal (int Waiting, int Leased, int Dead, int Served, int Skipped) Counts
    {
        get
        {
            var leased = _out.Count(lead => lead.OnLease);
            return (_waiting.Count + _out.Count - leased, leased, _dead.Count, _served.Count, _skipped);
        }
    }

    internal (int Buffered, int Skipped) Push(IReadOnlyList<(string Email, int Priority)> leads)
    {
        var fresh = leads.Where(lead => !_served.Contains(KeyOf(lead.Email))).ToList();
        fresh.ForEach(lead => _waiting.Add(new Lead(++_lastSeq, lead.Email, lead.Priority)));
        return (fresh.Count, leads.Count - fresh.Count);
    }

    /// <summary>Hands out for good, or on lease for so many hours.</summary>
    internal List<Lead> Pull(int count, int? hours = null)
    {
        var taken = new List<Lead>();
        while (taken.Count < count && _waiting.Min is { } lead)
        {
            _waiting.Remove(lead);
            if (_served.Contains(lead.Key) || _out.Exists(other => other.Key == lead.Key))
            {
                _skipped++;
                continue;
            }

            taken.Add(lead);
            if (hours is { } lease)
            {
                (lead.OnLease, lead.DueHour, lead.Attempts) = (true, _hour + lease, lead.Attempts + 1);
                _out.Add(lead);
            }
            else
            {
                _served.Add(lead.Key);
            }
        }

        return taken;
    }

    internal void PassHours(int hours)
    {
        _hour += hours;
        foreach (var lead in _out.Where(lead => lead.DueHour <= _hour).ToList())
        {
            PutBack(lead, mayDie: lead.OnLease);
        }
    }

    internal string Ack(Lead? lead)
    {
        if (!Hold(lead))
        {
            return "not_held";
        }

        _out.Remove(lead!);
        _served.Add(lead!.Key);
        return "acked";
    }

    internal string Nack(Lead? lead, int delayHours)
    {
        if (!Hold(lead))
        {
            return "not_held";
        }

        if (delayHours == 0 || lead!.Attempts >= maxAttempts)
        {
            return PutBack(lead!, mayDie: true) ? "dead" : "returned";
        }

        (lead.OnLease, lead.DueHour) = (false, _hour + delayHours);
        return "returned";
    }

    internal string Extend(Lead? lead, int hours)
    {
        if (!Hold(lead))
        {
            return "not_held";
        }

        lead!.DueHour = _hour + hours;
        return "extended";
    }

    internal int ReviveAll()
    {
        var revived = _dead.Count;
        _dead.ForEach(lead => lead.Attempts = 0);
        _waiting.UnionWith(_dead);
        _dead.Clear();
        return revived;
    }

    private bool Hold(Lead? lead) => lead is { OnLease: true } && _out.Contains(lead);

    private bool PutBack(Lead lead, bool mayDie)
    {
        lead.OnLease = false;
        _out.Remove(lead);
        if (mayDie && lead.Attempts >= maxAttempts)
        {
            _dead.Add(lead);
            return true;
        }

        _waiting.Add(lead);
        return false;
    }

    private static string KeyOf(string email) => email.Trim().ToLowerInvariant();

    internal sealed class Lead(long seq, string email, int priority)
    {
        internal long Seq => seq;

        internal string Email => email;

        internal string Key { get; } = KeyOf(email);

        internal int Priority => priority;

        internal int Attempts { get; set; }

        internal bool OnLease { get; set; }

        internal int DueHour { get; set; }
    }
}
