using System.Collections.Concurrent;
using System.Security.Cryptography;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Faults;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Access;

/// <summary>Knows organizations' keys, and remembers for seconds what they open, or that they open nothing.</summary>
internal sealed class OrganizationKeys(GrainCalls calls, IOptions<GatewayOptions> options, TimeProvider time)
{
    // Beyond this many, all are forgotten: 20,000 take some 8 MB.
    private const int MaxRemembered = 20_000;

    // Of questions after keys, so that made-up ones cannot make a flood of them; and as many again after those that have opened
    // something here, so that a flood of the others does not lock them out.
    private const int LookupsAtOnce = 64;

    private static readonly byte[] s_noHash = new byte[SHA256.HashSizeInBytes];

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Entry> _opened = new(StringComparer.Ordinal);
    private readonly int[] _lookups = new int[2];

    /// <summary>What a key opens; null where nothing. Comparing it takes a time that says nothing of the right key.</summary>
    /// <param name="id">The key's id.</param>
    /// <param name="key">The whole key.</param>
    /// <exception cref="OverloadedException">Too many keys are being looked up.</exception>
    internal async ValueTask<KeyGrant?> OpenAsync(string id, string key)
    {
        var entry = Find(id);
        var grant = await entry.Grant;
        if (!CryptographicOperations.FixedTimeEquals(SecurityOptions.Hash(key), grant?.Hash ?? s_noHash))
        {
            return null;
        }

        Keep(id, entry);
        return grant;
    }

    /// <summary>Forgets a key that was just revoked.</summary>
    internal void Forget(string id)
    {
        _entries.TryRemove(id, out _);
        _opened.TryRemove(id, out _);
    }

    private Entry Find(string id)
    {
        var now = time.GetTimestamp();
        var hasOpened = _opened.TryGetValue(id, out var known);
        if ((hasOpened || _entries.TryGetValue(id, out known)) && now < known!.Until && !known.Grant.IsFaulted && !known.Grant.IsCanceled)
        {
            return known;
        }

        if (hasOpened && known!.Grant is { IsCompletedSuccessfully: true, Result: null })
        {
            // Revoked: it is like any other that opens nothing.
            _opened.TryRemove(id, out _);
            hasOpened = false;
        }

        var asked = new Entry(LookUpAsync(id, hasOpened ? 1 : 0), now + (long)(options.Value.KeyCacheFor.TotalSeconds * time.TimestampFrequency));
        Add(hasOpened ? _opened : _entries, id, asked);
        return asked;
    }

    // In this order, so that what is forgotten meanwhile stays so.
    private void Keep(string id, Entry entry)
    {
        if (_entries.TryGetValue(id, out var known) && ReferenceEquals(known, entry))
        {
            Add(_opened, id, entry);
            if (!_entries.TryRemove(KeyValuePair.Create(id, entry)))
            {
                _opened.TryRemove(KeyValuePair.Create(id, entry));
            }
        }
    }

    private static void Add(ConcurrentDictionary<string, Entry> entries, string id, Entry entry)
    {
        if (entries.Count >= MaxRemembered)
        {
            entries.Clear();
        }

        entries[id] = entry;
    }

    private async Task<KeyGrant?> LookUpAsync(string id, int kind)
    {
        if (Interlocked.Increment(ref _lookups[kind]) > LookupsAtOnce)
        {
            Interlocked.Decrement(ref _lookups[kind]);
            throw new OverloadedException("Too many keys are being looked up.");
        }

        try
        {
            // Shared by all that ask, so no one's end ends it.
            return await calls.CallAsync<IOrganizationKeyGrain, string, KeyGrant?>(
                SharedGrains.KeyOf(id, IOrganizationKeyGrain.Grains), id, static (grain, id, token) => grain.FindAsync(id, token), CancellationToken.None);
        }
        finally
        {
            Interlocked.Decrement(ref _lookups[kind]);
        }
    }

    private sealed record Entry(Task<KeyGrant?> Grant, long Until);
}
