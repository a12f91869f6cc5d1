using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Gate;

/// <summary>Remembers which domains take mail, for a time and up to a number; callers of one domain share a question.</summary>
internal sealed class MailHostCache(IDnsResolver resolver, GateMetrics metrics, IOptions<GateOptions> options, TimeProvider time) : IMailHosts
{
    private readonly GateOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private int _asking;

    /// <inheritdoc/>
    public ValueTask<bool?> TakesMailAsync(string domain)
    {
        var now = time.GetTimestamp();
        if (_entries.TryGetValue(domain, out var known) && !known.IsOver(now))
        {
            return known.Answer.IsCompletedSuccessfully ? ValueTask.FromResult(known.Answer.Result) : new ValueTask<bool?>(known.Answer);
        }

        return new ValueTask<bool?>(AskAsync(domain, known));
    }

    internal int Count => _entries.Count;

    private Task<bool?> AskAsync(string domain, Entry? old)
    {
        if (_entries.Count >= _options.RememberedDomains)
        {
            MakeRoom();
        }

        var asked = new Entry();
        if (old is null ? !_entries.TryAdd(domain, asked) : !_entries.TryUpdate(domain, asked, old))
        {
            return _entries.TryGetValue(domain, out var other) ? other.Answer : Task.FromResult<bool?>(null);
        }

        _ = ResolveAsync(domain, asked);
        return asked.Answer;
    }

    private async Task ResolveAsync(string domain, Entry entry)
    {
        bool? answer = null;
        if (Interlocked.Increment(ref _asking) <= _options.DomainsAtOnce)
        {
            var start = time.GetTimestamp();
            answer = await ResolveAsync(domain).ConfigureAwait(false);
            metrics.Resolved(answer, time.GetElapsedTime(start));
        }

        Interlocked.Decrement(ref _asking);
        var lasts = answer switch { true => _options.GoodFor, false => _options.BadFor, null => _options.UnknownFor };
        entry.End(answer, time.GetTimestamp() + (long)(lasts.TotalSeconds * time.TimestampFrequency));
    }

    private async Task<bool?> ResolveAsync(string domain)
    {
        using var limit = new CancellationTokenSource(_options.DnsTimeout, time);
        try
        {
            var name = new IdnMapping().GetAscii(domain);
            return await resolver.TakesMailAsync(name, limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The edge: whatever a name or a server does, it must not hold a lead up, let alone condemn it.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    // First what is over; and where that is not enough, whatever comes first, down to three quarters.
    private void MakeRoom()
    {
        var now = time.GetTimestamp();
        var surplus = _entries.Count - (_options.RememberedDomains * 3L / 4);
        foreach (var (domain, entry) in _entries.OrderByDescending(pair => pair.Value.IsOver(now)).Take((int)Math.Max(1, surplus)))
        {
            _entries.TryRemove(KeyValuePair.Create(domain, entry));
        }
    }

    private sealed class Entry
    {
        private readonly TaskCompletionSource<bool?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _until = long.MaxValue;

        internal Task<bool?> Answer => _answer.Task;

        internal bool IsOver(long now) => now >= Volatile.Read(ref _until);

        internal void End(bool? answer, long until)
        {
            Volatile.Write(ref _until, until);
            _answer.SetResult(answer);
        }
    }
}
