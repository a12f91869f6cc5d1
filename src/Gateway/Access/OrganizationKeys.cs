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

    // Of questions after keys, so that made-up ones cannot make a flood of them.
    private const int LookupsAtOnce = 64;

    private static readonly byte[] s_noHash = new byte[SHA256.HashSizeInBytes];

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private int _lookups;

    /// <summary>What a key opens; null where nothing. Comparing it takes a time that says nothing of the right key.</summary>
    /// <param name="id">The key's id.</param>
    /// <param name="key">The whole key.</param>
    /// <exception cref="OverloadedException">Too many keys are being looked up.</exception>
    internal async ValueTask<KeyGrant?> OpenAsync(string id, string key)
    {
        var grant = await FindAsync(id);
        var same = CryptographicOperations.FixedTimeEquals(SecurityOptions.Hash(key), grant?.Hash ?? s_noHash);
        return same ? grant : null;
    }

    /// <summary>Forgets a key that was just revoked.</summary>
    internal void Forget(string id) => _entries.TryRemove(id, out _);

    private Task<KeyGrant?> FindAsync(string id)
    {
        var now = time.GetTimestamp();
        if (_entries.TryGetValue(id, out var known) && now < known.Until && !known.Grant.IsFaulted && !known.Grant.IsCanceled)
        {
            return known.Grant;
        }

        if (_entries.Count >= MaxRemembered)
        {
            _entries.Clear();
        }

        var until = now + (long)(options.Value.KeyCacheFor.TotalSeconds * time.TimestampFrequency);
        var asked = new Entry(LookUpAsync(id), until);
        _entries[id] = asked;
        return asked.Grant;
    }

    private async Task<KeyGrant?> LookUpAsync(string id)
    {
        if (Interlocked.Increment(ref _lookups) > LookupsAtOnce)
        {
            Interlocked.Decrement(ref _lookups);
            throw new OverloadedException("Too many keys are being looked up.");
        }

        try
        {
            // Shared by all that ask, so no one's end ends it.
            return await calls.CallAsync<IOrganizationKeyGrain, string, KeyGrant?>(
                id, id, static (grain, _, token) => grain.FindAsync(token), CancellationToken.None);
        }
        finally
        {
            Interlocked.Decrement(ref _lookups);
        }
    }

    private sealed record Entry(Task<KeyGrant?> Grant, long Until);
}
