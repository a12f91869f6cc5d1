using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Organizations;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// One organization's gate and rules. They are held in memory from the first use on, and read anew after each change. The
/// activation claims an epoch before it reads anything, and what it decides by its memory is written under it: leads, rules and the
/// gate. This part answers for settings; the others take leads in, bring them into namespaces and go through the holding pool.
/// </summary>
internal sealed partial class RoutingGrain(
    RuleStore rules,
    GateStore gates,
    CapStore caps,
    RoutedLeadStore leads,
    SuppressionStore suppressions,
    SharedRouting shared,
    OrganizationStore organizations,
    DeliveryStore deliveries,
    AuditStore audit,
    IOptions<RoutingOptions> options,
    TimeProvider time) : Grain, IRoutingGrain, IRemindable
{
    private Task<RoutingState>? _state;
    private Task<long>? _claim;
    private OwnershipLostException? _ended;
    private bool _stopping;

    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _stopping = true;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<RoutingRule>> ListRulesAsync(CancellationToken cancellationToken) => (await StateAsync()).Rules;

    /// <inheritdoc/>
    public async Task<RuleChange> AddRuleAsync(RuleDefinition definition, Actor actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        if (state.Rules.Length >= RuleDefinition.MaxRules)
        {
            return RuleChange.TooMany.Value;
        }

        var id = Guid.CreateVersion7(time.GetUtcNow());
        await WriteAsync(rules.AddAsync(state, id, definition, actor));
        return await ReloadedAsync(id);
    }

    /// <inheritdoc/>
    public async Task<RuleChange> ReplaceRuleAsync(
        Guid id, RuleDefinition definition, DateTimeOffset? basis, Actor actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        if (Find(state, id) is not { } before)
        {
            return RuleChange.NotFound.Value;
        }

        if (basis is { } known && known != before.UpdatedAt)
        {
            return RuleChange.ChangedMeanwhile.Value;
        }

        await WriteAsync(rules.ReplaceAsync(state, before, definition, actor));
        return await ReloadedAsync(id);
    }

    /// <inheritdoc/>
    public async Task<RuleChange> DeleteRuleAsync(Guid id, Actor actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        if (Find(state, id) is not { } rule)
        {
            return RuleChange.NotFound.Value;
        }

        await WriteAsync(rules.DeleteAsync(state, rule, actor));
        await ReloadAsync();
        return new RuleChange.Done(rule);
    }

    /// <inheritdoc/>
    public async Task<GateSettings> GetGateAsync(CancellationToken cancellationToken) => (await StateAsync()).Gate;

    /// <inheritdoc/>
    public async Task SetGateAsync(GateSettings settings, Actor actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        await WriteAsync(gates.SetAsync(state.OrganizationId, state.Epoch, state.Gate, settings, actor));
        await ReloadAsync();
    }

    /// <inheritdoc/>
    public async Task<SuppressionPage> ListSuppressionsAsync(SuppressionQuery query, CancellationToken cancellationToken)
        => await suppressions.ListAsync((await StateAsync()).OrganizationId, query);

    /// <inheritdoc/>
    public async Task<int> AddSuppressionsAsync(SuppressionChange change, CancellationToken cancellationToken)
        => await suppressions.AddAsync((await StateAsync()).OrganizationId, Keys(change), change.Reason ?? SuppressionReason.Manual, change.Actor);

    /// <inheritdoc/>
    public async Task<int> RemoveSuppressionsAsync(SuppressionChange change, CancellationToken cancellationToken)
        => await suppressions.RemoveAsync((await StateAsync()).OrganizationId, Keys(change), change.Reason, change.Actor);

    /// <inheritdoc/>
    public async Task<RoutedLeadPage> ListLeadsAsync(RoutedLeadQuery query, CancellationToken cancellationToken)
        => await leads.ListAsync((await StateAsync()).OrganizationId, query);

    /// <inheritdoc/>
    public async Task<RoutedLead?> GetLeadAsync(Guid id, CancellationToken cancellationToken)
        => await leads.GetAsync((await StateAsync()).OrganizationId, id);

    private static RoutingRule? Find(RoutingState state, Guid id) => state.Rules.FirstOrDefault(rule => rule.Id == id);

    private static string[] Keys(SuppressionChange change) => [.. change.Emails.Select(EmailKey.Of)];

    private async Task<RuleChange> ReloadedAsync(Guid id)
    {
        await ReloadAsync();
        KickPool();
        return Find(await StateAsync(), id) is { } rule ? new RuleChange.Done(rule) : RuleChange.NotFound.Value;
    }

    private async Task ReloadAsync()
    {
        _state = null;
        await StateAsync();
    }

    // Shared by the calls that come while it is read; one that fails is read again by the next.
    private async Task<RoutingState> StateAsync()
    {
        if (_ended is not null)
        {
            throw new OwnershipLostException("This activation has ended.");
        }

        var state = _state ??= LoadAsync();
        try
        {
            return await state;
        }
        catch when (_state == state)
        {
            _state = null;
            throw;
        }
    }

    private async Task<RoutingState> LoadAsync()
    {
        var id = await organizations.FindOrAddAsync(Tenant);
        var epoch = await EpochAsync(id);
        var found = await rules.ListAsync(id);
        var state = new RoutingState(id, epoch, RoutingRules.Order(found), await gates.GetAsync(id));

        // Today in any time zone is yesterday, today or tomorrow in UTC.
        var since = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(-1);
        _counts.Reset(await caps.CountsAsync(id, since));
        await WatchNamespacesAsync(state);
        await WatchPoolOfBeforeAsync(id);
        return state;
    }

    private async Task<long> EpochAsync(long organizationId)
    {
        var claim = _claim ??= caps.ClaimAsync(organizationId);
        try
        {
            return await claim;
        }
        catch when (_claim == claim)
        {
            _claim = null;
            throw;
        }
    }

    /// <summary>Changes settings. Where that fails nobody knows which ones the database has: the next activation reads them.</summary>
    private async Task WriteAsync(Task<bool> write)
    {
        try
        {
            Must(await write);
        }
        catch
        {
            End();
            throw;
        }
    }

    /// <summary>Ends the activation where a write was refused for its epoch: what it has in memory may be old.</summary>
    private void Must(bool written)
    {
        if (!written)
        {
            throw End();
        }
    }

    private OwnershipLostException End()
    {
        _ended ??= new OwnershipLostException("Another activation routes this organization's leads.");
        DeactivateOnIdle();
        return new OwnershipLostException("This activation has ended.");
    }
}
