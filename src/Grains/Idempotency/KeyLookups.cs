using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Idempotency;

/// <summary>Looks keys up, those of all namespaces of the process together, and removes old answers on the way.</summary>
internal sealed partial class KeyLookups
{
    private const int MaxTogether = 1_000;

    private readonly KeyStore _store;
    private readonly IdempotencyOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<KeyLookups> _log;
    private readonly GroupCommit<KeyQuery, FoundAnswer?> _lookups;
    private long _removedAt;

    public KeyLookups(KeyStore store, IOptions<IdempotencyOptions> options, TimeProvider time, ILogger<KeyLookups> log)
    {
        (_store, _options, _time, _log) = (store, options.Value, time, log);
        _lookups = new(LookUpAsync, static _ => 1, MaxTogether, maxConcurrent: 2, static key => key.OrganizationId);
        _removedAt = time.GetTimestamp();
    }

    /// <summary>The keys of requests that have no answer yet.</summary>
    internal KeysInUse InUse { get; } = new();

    /// <summary>The answer kept for a key; null where there is none.</summary>
    /// <exception cref="StorageUnavailableException">The database is away.</exception>
    internal Task<FoundAnswer?> FindAsync(KeyQuery key) => _lookups.CommitAsync(key);

    private Task<FoundAnswer?[]> LookUpAsync(IReadOnlyList<KeyQuery> keys)
    {
        var since = _time.GetUtcNow() - _options.KeptFor;
        var removedAt = Interlocked.Read(ref _removedAt);
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(removedAt, now) >= _options.RemoveEvery
            && Interlocked.CompareExchange(ref _removedAt, now, removedAt) == removedAt)
        {
            _ = RemoveAsync(since);
        }

        return _store.FindAsync(keys, since);
    }

    private async Task RemoveAsync(DateTimeOffset before)
    {
        try
        {
            while (await _store.RemoveAsync(before) > 0)
            {
            }
        }
        catch (StorageUnavailableException)
        {
            LogPutOff();
        }
    }

    [LoggerMessage(120, LogLevel.Information, "The removal of old idempotency keys is put off: the database is away")]
    private partial void LogPutOff();
}
