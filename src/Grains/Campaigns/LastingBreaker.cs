using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// A campaign's breaker, kept over restarts: campaigns whose target is down do not all start at once on a new host, and cost
/// their leads no attempts. Used in a grain's turns only.
/// </summary>
internal sealed class LastingBreaker
{
    private readonly IPersistentState<StoredBreaker> _stored;
    private Task _writing = Task.CompletedTask;
    private bool _changed;

    internal LastingBreaker(IPersistentState<StoredBreaker> stored, DateTimeOffset now, TimeSpan longest, TimeSpan longestAsked)
    {
        _stored = stored;
        if (stored.RecordExists)
        {
            // By a clock that was set back, or under a shorter setting, it would stay open for too long.
            var (failures, until, notBefore) = stored.State;
            Now = new CircuitBreaker(
                failures, until > now + longest ? now + longest : until, notBefore > now + longestAsked ? now + longestAsked : notBefore);
        }
    }

    /// <summary>As it stands.</summary>
    internal CircuitBreaker Now { get; private set; } = CircuitBreaker.Closed;

    /// <summary>Changes it, and stores it where that is a change.</summary>
    internal async Task SetAsync(CircuitBreaker breaker)
    {
        if (breaker == Now)
        {
            return;
        }

        Now = breaker;
        _changed = true;
        // One write at a time, or the state's version would refuse the other one.
        if (_writing.IsCompleted)
        {
            _writing = WriteAsync();
        }

        await _writing;
    }

    private async Task WriteAsync()
    {
        while (_changed)
        {
            _changed = false;
            _stored.State = new StoredBreaker(Now.Failures, Now.OpenUntil, Now.NotBefore);
            await StorageFaults.GuardAsync(async () =>
            {
                await _stored.WriteStateAsync();
                return true;
            });
        }
    }
}

/// <summary>A breaker as it is stored, by the wall clock.</summary>
[GenerateSerializer, Immutable]
internal sealed record StoredBreaker(int Failures, DateTimeOffset? OpenUntil, DateTimeOffset? NotBefore = null);
