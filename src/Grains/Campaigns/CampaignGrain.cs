using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Organizations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// One campaign. Its one pump takes the pushes that are due, notes that they are being sent, sends them, and records what
/// became of them. A write that is refused or fails ends the activation: the next one sends again what was under way.
/// </summary>
internal sealed partial class CampaignGrain(
    OrganizationStore organizations,
    CampaignStore campaigns,
    PushStore pushes,
    CampaignSecrets secrets,
    Feedback heard,
    SuppressionStore suppressions,
    GateStore gate,
    IEnumerable<ICampaignTarget> targets,
    [PersistentState("breaker")] IPersistentState<StoredBreaker> breakerState,
    CampaignRandom random,
    CampaignMetrics metrics,
    IOptions<CampaignOptions> options,
    TimeProvider time,
    ILogger<CampaignGrain> log) : Grain, ICampaignGrain
{
    private CampaignKey _key = null!;

    // Null until the campaign is set up: a push to an unknown one waits.
    private ClaimedCampaign? _claimed;

    private Exception? _ended;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = CampaignKey.FromGrainKey(this.GetPrimaryKeyString());
        _breaker = new LastingBreaker(breakerState, time.GetUtcNow(), options.Value.BreakerLongest, options.Value.LongestThrottle);
        if (await organizations.FindAsync(_key.Tenant) is { } organizationId)
        {
            _claimed = await campaigns.ClaimAsync(organizationId, _key.CampaignId);
        }
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _ended ??= new OwnershipLostException("This activation has ended.");
        _fates.EndWaiting();
        _woken.TrySetResult();
        await _pumping.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <inheritdoc/>
    public async Task<Campaign?> GetAsync(CancellationToken cancellationToken)
        => _claimed is { } claimed ? await campaigns.FindAsync(claimed.OrganizationId, _key.CampaignId) : null;

    /// <inheritdoc/>
    public async Task<CampaignPut> PutAsync(CampaignSettings settings, Actor actor, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        var organizationId = await organizations.FindOrAddAsync(_key.Tenant);

        // One that is there before its campaign is a webhook was made by a request that failed then, and nobody was told it.
        var secret = settings is CampaignSettings.Webhook
            && (_claimed?.Settings is not CampaignSettings.Webhook || !await secrets.HasSigningKeyAsync(organizationId, _key.CampaignId))
            ? await secrets.RotateSigningKeyAsync(organizationId, _key.CampaignId, actor)
            : null;
        var old = _claimed?.Settings;
        var before = old is null ? null : SettingsJson.Audited(old);
        var isNew = await CommitAsync(() => campaigns.PutAsync(organizationId, _key.CampaignId, settings, before, actor));
        _claimed = isNew || _claimed is null
            ? await CommitAsync(() => campaigns.ClaimAsync(organizationId, _key.CampaignId))
            : _claimed with { Settings = settings }; // the pump reads them with each batch
        if (old is not null && !SettingsJson.Write(old).AsSpan().SequenceEqual(SettingsJson.Write(settings)))
        {
            // What was asked for or went wrong by the settings before is over.
            _refusedInRow = 0;
            _fates.Forget();
            await AskAtOnceAsync();
        }

        Kick();
        return new CampaignPut((await campaigns.FindAsync(organizationId, _key.CampaignId))!, secret);
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(Actor actor, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_claimed is not { } claimed)
        {
            return false;
        }

        // A batch under way can no longer be recorded: the target has it, and tells so if it is ever sent again.
        string[] made = [CampaignSecrets.SigningKeyOf(_key.CampaignId), CampaignSecrets.PreviousSigningKeyOf(_key.CampaignId)];
        var deleted = await CommitAsync(() => campaigns.DeleteAsync(claimed.OrganizationId, _key.CampaignId, made, actor));
        _claimed = null;
        _fates.Forget();
        _fates.TellAll(PushFate.Unknown.Value);
        await AskAtOnceAsync();
        return deleted;
    }

    /// <inheritdoc/>
    public async Task<Campaign?> SetActiveAsync(bool active, Actor actor, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_claimed is not { } claimed)
        {
            return null;
        }

        await CommitAsync(() => campaigns.SetStateAsync(claimed.OrganizationId, _key.CampaignId, active, actor));
        _claimed = (_claimed ?? claimed) with { State = active ? CampaignState.Active : CampaignState.Paused, StoppedFor = null };
        _refusedInRow = 0;
        _fates.Forget();
        await AskAtOnceAsync();
        Kick();
        return await campaigns.FindAsync(claimed.OrganizationId, _key.CampaignId);
    }

    /// <inheritdoc/>
    public async Task<long?> RetryAsync(ImmutableArray<Guid>? leadIds, Actor actor, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (_claimed is not { } claimed)
        {
            return null;
        }

        var due = await pushes.RetryAsync(claimed.OrganizationId, _key.CampaignId, leadIds, actor);
        _fates.Forget();
        await AskAtOnceAsync();
        Kick();
        return due;
    }

    /// <inheritdoc/>
    public async Task<string?> RotateSecretAsync(Actor actor, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        return _claimed is { Settings: CampaignSettings.Webhook } claimed
            ? await secrets.RotateSigningKeyAsync(claimed.OrganizationId, _key.CampaignId, actor)
            : null;
    }

    /// <summary>Whatever the target was to be left in peace for holds no more.</summary>
    private async Task AskAtOnceAsync()
    {
        _turnAt = DateTimeOffset.MinValue;
        await CommitAsync(() => _breaker.SetAsync(CircuitBreaker.Closed));
    }

    private void ThrowIfEnded()
    {
        if (_ended is not null)
        {
            throw new OwnershipLostException("This activation has ended.");
        }
    }

    /// <summary>Writes; where that fails nobody knows what the database has, and the next activation reads it.</summary>
    private async Task<T> CommitAsync<T>(Func<Task<T>> write)
    {
        try
        {
            return await write();
        }
        catch (Exception fault)
        {
            End(fault);
            throw;
        }
    }

    private Task<bool> CommitAsync(Func<Task> write) => CommitAsync(async () =>
    {
        await write();
        return true;
    });

    /// <summary>Ends the activation for a write that was refused or failed.</summary>
    private void End(Exception cause)
    {
        if (_ended is null)
        {
            _ended = cause;
            LogEnded(cause.GetType().Name);
            _fates.EndWaiting();
            DeactivateOnIdle();
        }
    }

    [LoggerMessage(181, LogLevel.Warning, "A campaign activation ends after {Cause}; the next one starts from the database")]
    private partial void LogEnded(string cause);
}
