using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// One API key's requests. Each permit is stored before it is given, under the version of the state that was read: a second
/// activation cannot give permits beside this one, and the next one knows of all that were given.
/// </summary>
internal sealed class RateBudgetGrain(
    [PersistentState("window")] IPersistentState<StoredWindow> stored, CampaignMetrics metrics, TimeProvider time) : Grain, IRateBudgetGrain
{
    private readonly SlidingWindow _window = new();
    private long _start;
    private bool _behind;

    private TimeSpan Now => time.GetElapsedTime(_start);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _start = time.GetTimestamp();
        if (stored.RecordExists)
        {
            var (state, now) = (stored.State, time.GetUtcNow());
            // By a clock that was set back they would count for ever.
            TimeSpan Left(DateTimeOffset until) => until - now < state.Longest ? until - now : state.Longest;
            _window.Resume(Now, state.Counts.Select((until, i) => (Left(until), state.Of?[i])), Left(state.BlockedUntil), state.Named ?? []);
        }

        return Task.CompletedTask;
    }

    /// <summary>So that the next activation knows which requests have ended.</summary>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (!_behind && stored.RecordExists)
        {
            await StoreAsync();
        }
    }

    /// <inheritdoc/>
    public async Task<RatePermit> TakeAsync(string campaign, ImmutableArray<RateLimit> limits, TimeSpan longest, CancellationToken cancellationToken)
    {
        var permit = Guid.NewGuid();
        if (_window.Take(permit, Now, campaign, limits, longest) is { } wait)
        {
            metrics.Waited();
            return new RatePermit(null, wait);
        }

        await StoreAsync();
        return new RatePermit(permit, TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public async Task EndAsync(Guid permit, TimeSpan? blockFor, CancellationToken cancellationToken)
    {
        _window.End(permit, Now);
        if (blockFor is { } wait)
        {
            _window.Block(Now, wait);
            await StoreAsync();
        }
    }

    private async Task StoreAsync()
    {
        var (ends, blocked, named) = _window.Left(Now);
        var now = time.GetUtcNow();
        stored.State = new StoredWindow(
            [.. ends.Select(end => now + end.Left)],
            now + blocked,
            ends.Select(static end => end.Left).Append(blocked).Max(),
            [.. named],
            [.. ends.Select(static end => end.Of)]);
        try
        {
            await stored.WriteStateAsync();
        }
        catch
        {
            // The window in memory is ahead of the stored one: the next activation starts from that.
            _behind = true;
            DeactivateOnIdle();
            throw;
        }
    }
}

/// <summary>A window as it is stored, by the wall clock.</summary>
/// <param name="Counts">When each request ends or ended: it counts for a window's length more.</param>
/// <param name="BlockedUntil">Until when nothing may start.</param>
/// <param name="Longest">No time above is further off than this.</param>
/// <param name="Named">The limits that hold.</param>
/// <param name="Of">The organization that each request is of, where it has limits of its own.</param>
[GenerateSerializer, Immutable]
internal sealed record StoredWindow(
    DateTimeOffset[] Counts, DateTimeOffset BlockedUntil, TimeSpan Longest, NamedLimits[]? Named = null, string?[]? Of = null);

/// <summary>What a campaign said last of the limits of its key.</summary>
/// <param name="Campaign">Which one.</param>
/// <param name="Limits">Its limits.</param>
[GenerateSerializer, Immutable]
internal sealed record NamedLimits(string Campaign, RateLimit[] Limits);
