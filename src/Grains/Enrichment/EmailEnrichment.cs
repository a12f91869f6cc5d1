using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Enrichment;

/// <summary>
/// One email's cache entry in memory and its one provider call at a time. Not thread-safe: its calls take turns, and
/// interleave at awaits only, as a grain's do.
/// </summary>
internal sealed partial class EmailEnrichment(
    string emailKey,
    EnrichmentStore store,
    ProviderLine line,
    EnrichmentOptions options,
    EnrichmentMetrics metrics,
    TimeProvider time,
    ILogger logger)
{
    private EnrichmentEntry? _entry;
    private Task<EnrichOutcome>? _flight;
    private Settlement? _unsettled;
    private readonly List<Guid> _unsureIntents = [];

    /// <summary>The tries to store an answer that the database did not take; completed where there are none.</summary>
    public Task Settling { get; private set; } = Task.CompletedTask;

    /// <summary>Takes the cache entry into memory.</summary>
    /// <exception cref="StorageUnavailableException">The database cannot be reached.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken) => _entry = await store.LoadAsync(emailKey).WaitAsync(cancellationToken);

    /// <inheritdoc cref="IEmailGrain.EnrichAsync"/>
    public async Task<EnrichOutcome> EnrichAsync(Tenant requester, CancellationToken cancellationToken)
    {
        if (_unsettled is not null && Settling.IsCompleted)
        {
            Settling = KeepSettlingAsync(_unsettled);
        }

        if (_entry is { } entry && IsFresh(entry))
        {
            metrics.Answered("cached");
            return entry.Answer(cached: true);
        }

        // Nobody pays for a caller that has already left.
        cancellationToken.ThrowIfCancellationRequested();
        var shares = _flight is { IsCompleted: false };
        var flight = shares ? _flight! : _flight = FetchAsync(requester);
        var outcome = await flight.WaitAsync(cancellationToken);
        if (shares && outcome is EnrichOutcome.Known fresh)
        {
            outcome = fresh with { Cached = true };
        }

        metrics.Answered(Result(outcome));
        return outcome;
    }

    /// <summary>Sees the call under way to its end, and tries once more to store what is not stored.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        try
        {
            await (_flight ?? Task.CompletedTask).WaitAsync(cancellationToken);
        }
#pragma warning disable CA1031 // The callers have the failure; here only what it left counts.
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            // Its callers were told; what was paid for is in _unsettled.
        }

        if (_unsettled is { } settlement)
        {
            await SettleAsync(settlement).WaitAsync(cancellationToken);
        }
    }

    private bool IsFresh(EnrichmentEntry entry) => entry.IsFresh(time.GetUtcNow(), options.NotFoundFor, options.FoundFor);

    private async Task<EnrichOutcome> FetchAsync(Tenant requester)
    {
        if (line.Provider is not { } provider)
        {
            return new EnrichOutcome.NotConfigured();
        }

        if (line.ClosedFor is { } wait)
        {
            return new EnrichOutcome.ProviderFailed(ProviderFailure.Throttled, wait);
        }

        if (_unsettled is { } earlier)
        {
            // Its intent is still open, so that no other can be.
            await SettleAsync(earlier);
        }

        var now = time.GetUtcNow();
        var intent = new EnrichmentIntent(Guid.CreateVersion7(now), [.. _unsureIntents], emailKey, provider, requester, now);
        switch (await OpenAsync(intent))
        {
            case IntentOutcome.Answered answered:
                _entry = answered.Entry;
                return answered.Entry.Answer(cached: true);
            case IntentOutcome.Held held:
                return new EnrichOutcome.InProgress(HeldCall.RetryAfter(held.Since, now, options.ProviderTimeout, options.LostAfter));
            case IntentOutcome.Opened opened:
                return await PayAsync(intent, opened);
            case var other:
                throw new InvalidOperationException($"No such outcome: {other}.");
        }
    }

    private async Task<IntentOutcome> OpenAsync(EnrichmentIntent intent)
    {
        // Until the commit is confirmed the row may or may not be there.
        _unsureIntents.Add(intent.CallId);
        var outcome = await store.OpenAsync(intent, intent.StartedAt - options.LostAfter, IsFresh);
        if (outcome is IntentOutcome.Opened)
        {
            _unsureIntents.Clear();
        }
        else
        {
            // It is not there. Of the others one may have come just now, too late to be removed: it is what stands in the way, then.
            _unsureIntents.Remove(intent.CallId);
        }

        if (outcome is IntentOutcome.Opened { Lost: > 0 and var lost })
        {
            metrics.FoundLost(lost);
            LogLost(logger, intent.CallId, lost);
        }

        return outcome;
    }

    private async Task<EnrichOutcome> PayAsync(EnrichmentIntent intent, IntentOutcome.Opened opened)
    {
        var answer = await line.CallAsync(emailKey);
        var settlement = Settlement.Of(intent, answer, opened.Stale?.Id ?? Guid.CreateVersion7(intent.StartedAt), time.GetUtcNow());
        LogCalled(logger, intent.CallId, intent.Provider, answer.Outcome, answer.HttpStatus);

        // From here on the answer is paid for: it is kept and given whatever becomes of the database.
        _unsettled = settlement;
        metrics.Unsettled(1);
        try
        {
            await SettleAsync(settlement);
        }
#pragma warning disable CA1031 // Whatever kept it from being stored, and be it that this process lost the database, it is paid for.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogNotStored(logger, failure, settlement.CallId);
            _entry = settlement.Entry ?? _entry;
            Settling = KeepSettlingAsync(settlement);
        }

        return answer is ProviderAnswer.Failed failed
            ? new EnrichOutcome.ProviderFailed(failed.Kind, failed.RetryAfter)
            : _entry!.Answer(cached: false);
    }

    private async Task SettleAsync(Settlement settlement)
    {
        var stored = await store.SettleAsync(settlement);
        _entry = stored ?? settlement.Entry;
        if (ReferenceEquals(_unsettled, settlement))
        {
            _unsettled = null;
            metrics.Unsettled(-1);
        }
    }

    private async Task KeepSettlingAsync(Settlement settlement)
    {
        for (var attempt = 1; attempt <= StoreBackOff.Attempts; attempt++)
        {
            await Task.Delay(StoreBackOff.Before(attempt, Random.Shared.NextDouble()), time);
            if (!ReferenceEquals(_unsettled, settlement))
            {
                return;
            }

            try
            {
                await SettleAsync(settlement);
                LogStoredLate(logger, settlement.CallId, attempt);
                return;
            }
#pragma warning disable CA1031 // The loop's edge: it is tried again, a bounded number of times.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                LogNotStored(logger, failure, settlement.CallId);
            }
        }
    }

    private static string Result(EnrichOutcome outcome) => outcome switch
    {
        EnrichOutcome.Known { Cached: false } => "fetched",
        EnrichOutcome.Known => "shared",
        EnrichOutcome.NotConfigured => "not_configured",
        EnrichOutcome.InProgress => "in_progress",
        _ => "failed",
    };

    // Calls are named by their ledger row, never by the email.
    [LoggerMessage(LogLevel.Debug, "Enrichment call {CallId} to {Provider}: {Outcome} (HTTP {Status})")]
    private static partial void LogCalled(ILogger logger, Guid callId, string provider, string outcome, int? status);

    [LoggerMessage(LogLevel.Warning, "Before enrichment call {CallId}, {Lost} silent calls for the same email were closed as lost")]
    private static partial void LogLost(ILogger logger, Guid callId, int lost);

    [LoggerMessage(LogLevel.Error, "The outcome of enrichment call {CallId} is not stored yet")]
    private static partial void LogNotStored(ILogger logger, Exception failure, Guid callId);

    [LoggerMessage(LogLevel.Information, "The outcome of enrichment call {CallId} was stored at retry {Attempt}")]
    private static partial void LogStoredLate(ILogger logger, Guid callId, int attempt);
}
