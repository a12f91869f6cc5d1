using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Secrets;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// One organization's gate and rules. They are held in memory from the first use on, and read anew after each change. Its leads
/// are rows that are only added, and what must not be exceeded is guarded by the statement that adds them, so that its writes need
/// no epoch. This part answers for settings; the others take leads in and bring them into namespaces.
/// </summary>
internal sealed partial class RoutingGrain(
    RuleStore rules,
    GateStore gates,
    RoutedLeadStore leads,
    SuppressionStore suppressions,
    SharedRouting shared,
    OrganizationStore organizations,
    SecretStore secrets,
    IOptions<RoutingOptions> options,
    TimeProvider time) : Grain, IRoutingGrain, IRemindable
{
    private readonly RuleCounts _counts = new();
    private Task<RoutingState>? _state;
    private bool _countsRead;
    private (IReadOnlyDictionary<string, string> Secrets, long ReadAt)? _delivery;

    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public async Task<ImmutableArray<RoutingRule>> ListRulesAsync(CancellationToken cancellationToken) => (await StateAsync()).Rules;

    /// <inheritdoc/>
    public async Task<RuleChange> AddRuleAsync(RuleDefinition definition, string actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        if (state.Rules.Length >= RuleDefinition.MaxRules)
        {
            return RuleChange.TooMany.Value;
        }

        var id = Guid.CreateVersion7(time.GetUtcNow());
        await rules.AddAsync(state.OrganizationId, id, definition, actor);
        return await ReloadedAsync(id);
    }

    /// <inheritdoc/>
    public async Task<RuleChange> ReplaceRuleAsync(
        Guid id, RuleDefinition definition, DateTimeOffset? basis, string actor, CancellationToken cancellationToken)
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

        await rules.ReplaceAsync(state.OrganizationId, before, definition, actor);
        return await ReloadedAsync(id);
    }

    /// <inheritdoc/>
    public async Task<RuleChange> DeleteRuleAsync(Guid id, string actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        if (Find(state, id) is not { } rule)
        {
            return RuleChange.NotFound.Value;
        }

        await rules.DeleteAsync(state.OrganizationId, rule, actor);
        await ReloadAsync();
        return new RuleChange.Done(rule);
    }

    /// <inheritdoc/>
    public async Task<GateSettings> GetGateAsync(CancellationToken cancellationToken) => (await StateAsync()).Gate;

    /// <inheritdoc/>
    public async Task SetGateAsync(GateSettings settings, string actor, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        await gates.SetAsync(state.OrganizationId, state.Gate, settings, actor);
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

    /// <inheritdoc/>
    public async Task<bool> VerifyDeliveryAsync(DeliveryProof proof, CancellationToken cancellationToken)
    {
        // An organization that does not exist has no secrets; that is looked up and remembered like any other's.
        if (_delivery is not { } known || time.GetElapsedTime(known.ReadAt) >= options.Value.DeliverySecretsFor)
        {
            var found = await secrets.OpenAllAsync(Tenant, DeliveryCheck.SecretNames);
            _delivery = known = (found, time.GetTimestamp());
        }

        var holds = DeliveryCheck.Holds(proof, known.Secrets);
        shared.Metrics.Delivered(holds);
        return holds;
    }

    private static RoutingRule? Find(RoutingState state, Guid id) => state.Rules.FirstOrDefault(rule => rule.Id == id);

    private static string[] Keys(SuppressionChange change) => [.. change.Emails.Select(EmailKey.Of)];

    private async Task<RuleChange> ReloadedAsync(Guid id)
    {
        await ReloadAsync();
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
        var found = await rules.ListAsync(id);
        var state = new RoutingState(id, RoutingRules.Order(found), await gates.GetAsync(id));
        if (!_countsRead)
        {
            // Today in any time zone is yesterday, today or tomorrow in UTC.
            var since = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(-1);
            (await rules.CountsAsync(id, since)).ForEach(count => _counts.Set(count.RuleId, count.Day, count.Assigned));
            _countsRead = true;
        }

        await WatchNamespacesAsync(state);
        return state;
    }
}
