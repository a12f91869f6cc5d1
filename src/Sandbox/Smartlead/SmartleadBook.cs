namespace LeadGrain.Sandbox.Smartlead;

/// <summary>A lead in a campaign of the fake's.</summary>
/// <param name="Campaign">The campaign's id.</param>
/// <param name="Email">In lower case.</param>
/// <param name="Id">The vendor's id of the lead.</param>
/// <param name="Repeats">How often it came again after it was added: a vendor that is not as careful would contact somebody twice.</param>
/// <param name="Lead">As it was sent the first time.</param>
public sealed record SmartleadEntry(string Campaign, string Email, long Id, int Repeats, string Lead);

/// <summary>A request in the fake's book.</summary>
/// <param name="Time">When it came, by the fake's clock.</param>
/// <param name="Campaign">To which campaign.</param>
/// <param name="Leads">How many leads it held.</param>
/// <param name="Outcome">What the fake did.</param>
/// <param name="Settings">As they were sent; null where none were, or the request was refused before they were read.</param>
/// <param name="Took">How long until the fake had done so; null while the request is under way.</param>
public sealed record SmartleadRequest(
    DateTimeOffset Time, string Campaign, int Leads, string Outcome, string? Settings = null, TimeSpan? Took = null);

/// <summary>The fake's own books: what it took, and what it was asked.</summary>
public sealed class SmartleadBook
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Campaign, string Email), SmartleadEntry> _entries = [];
    private readonly List<SmartleadRequest> _requests = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waits = [];

    /// <summary>The leads of all campaigns.</summary>
    public IReadOnlyList<SmartleadEntry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries.Values];
            }
        }
    }

    /// <summary>Every request, in the order in which they came.</summary>
    public IReadOnlyList<SmartleadRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>The most requests that came within any such time.</summary>
    public int Busiest(TimeSpan window)
    {
        var times = Requests.Select(request => request.Time).Order().ToArray();
        var (most, first) = (0, 0);
        for (var last = 0; last < times.Length; last++)
        {
            while (times[last] - times[first] >= window)
            {
                first++;
            }

            most = Math.Max(most, last - first + 1);
        }

        return most;
    }

    /// <summary>Completes when so many requests have come.</summary>
    public Task ArrivedAsync(int count)
    {
        lock (_lock)
        {
            if (_requests.Count >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((count, reached));
            return reached.Task;
        }
    }

    /// <summary>Enters a request; what became of it is told later by the number.</summary>
    internal int Arrive(DateTimeOffset now, string campaign)
    {
        lock (_lock)
        {
            _requests.Add(new SmartleadRequest(now, campaign, 0, "under way"));
            foreach (var (_, reached) in _waits.Where(wait => wait.Count <= _requests.Count))
            {
                reached.TrySetResult();
            }

            _waits.RemoveAll(wait => wait.Count <= _requests.Count);
            return _requests.Count - 1;
        }
    }

    internal void Note(int number, string? settings)
    {
        lock (_lock)
        {
            _requests[number] = _requests[number] with { Settings = settings };
        }
    }

    internal void Settle(int number, DateTimeOffset now, int leads, string outcome)
    {
        lock (_lock)
        {
            var request = _requests[number];
            _requests[number] = request with { Leads = leads, Outcome = outcome, Took = now - request.Time };
        }
    }

    /// <summary>Adds a lead, or finds it there.</summary>
    internal SmartleadEntry Add(string campaign, string email, string lead, out bool isNew)
    {
        lock (_lock)
        {
            var key = (campaign, email);
            isNew = !_entries.TryGetValue(key, out var known);
            return _entries[key] = isNew
                ? new SmartleadEntry(campaign, email, 1_000 + _entries.Count, 0, lead)
                : known! with { Repeats = known.Repeats + 1 };
        }
    }

    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    internal SmartleadEntry? Find(string campaign, string email)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault((campaign, email));
        }
    }

    internal SmartleadEntry? FindElsewhere(string campaign, string email)
    {
        lock (_lock)
        {
            return _entries.Values.FirstOrDefault(entry => entry.Email == email && entry.Campaign != campaign);
        }
    }
}
