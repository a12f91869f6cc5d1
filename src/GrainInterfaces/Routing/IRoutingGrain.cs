using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>
/// One organization's way from a lead to its campaign: health gate, rules, routing. Keyed by
/// <see cref="Organizations.Tenant.GrainKey"/>. Every method can throw <see cref="Faults.StorageUnavailableException"/>.
/// </summary>
public interface IRoutingGrain : IGrainWithStringKey
{
    /// <summary>Judges, routes and records a lead in one commit, and starts its push.</summary>
    /// <exception cref="Faults.OverloadedException">Too many of the organization's leads are under way.</exception>
    [AlwaysInterleave]
    Task<Keyed<IngestOutcome>> IngestAsync(IngestCommand command, CancellationToken cancellationToken);

    /// <summary>Waits for what becomes of a lead's push.</summary>
    /// <param name="leadId">A lead that was routed.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="wait">At most this long.</param>
    /// <param name="cancellationToken">Ends the wait, not the push.</param>
    [AlwaysInterleave]
    Task<PushFate> AwaitPushAsync(Guid leadId, RuleTarget target, TimeSpan wait, CancellationToken cancellationToken);

    /// <summary>How a lead would be judged and routed now. Nothing is written.</summary>
    /// <param name="lead">The lead.</param>
    /// <param name="leadId">By which the split by weights goes; null for a new one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [AlwaysInterleave]
    Task<RoutePreview> PreviewAsync(NewRoutedLead lead, Guid? leadId, CancellationToken cancellationToken);

    /// <summary>
    /// Routes leads of the holding pool by the rules as they are now, a step of them. A lead is taken out of it once, however often
    /// this is asked.
    /// </summary>
    [AlwaysInterleave]
    Task<PoolRouteOutcome> RoutePoolAsync(PoolRouteCommand command, CancellationToken cancellationToken);

    /// <summary>All rules, in the order in which they are asked.</summary>
    [AlwaysInterleave]
    Task<ImmutableArray<RoutingRule>> ListRulesAsync(CancellationToken cancellationToken);

    /// <summary>Adds a rule.</summary>
    Task<RuleChange> AddRuleAsync(RuleDefinition definition, Actor actor, CancellationToken cancellationToken);

    /// <summary>Replaces what a rule says.</summary>
    /// <param name="id">Which.</param>
    /// <param name="definition">What it says from now on.</param>
    /// <param name="basis">What the change was made from; null for whatever is there.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    Task<RuleChange> ReplaceRuleAsync(
        Guid id, RuleDefinition definition, DateTimeOffset? basis, Actor actor, CancellationToken cancellationToken);

    /// <summary>Removes a rule; what it has routed stays.</summary>
    Task<RuleChange> DeleteRuleAsync(Guid id, Actor actor, CancellationToken cancellationToken);

    /// <summary>The health gate's settings.</summary>
    [AlwaysInterleave]
    Task<GateSettings> GetGateAsync(CancellationToken cancellationToken);

    /// <summary>Sets all of the health gate's settings.</summary>
    Task SetGateAsync(GateSettings settings, Actor actor, CancellationToken cancellationToken);

    /// <summary>A page of the suppression list.</summary>
    [AlwaysInterleave]
    Task<SuppressionPage> ListSuppressionsAsync(SuppressionQuery query, CancellationToken cancellationToken);

    /// <summary>Puts emails on the suppression list.</summary>
    /// <returns>How many entries are new.</returns>
    [AlwaysInterleave]
    Task<int> AddSuppressionsAsync(SuppressionChange change, CancellationToken cancellationToken);

    /// <summary>Takes emails off the suppression list.</summary>
    /// <returns>How many entries are gone.</returns>
    [AlwaysInterleave]
    Task<int> RemoveSuppressionsAsync(SuppressionChange change, CancellationToken cancellationToken);

    /// <summary>A page of the leads that were taken in, newest first.</summary>
    [AlwaysInterleave]
    Task<RoutedLeadPage> ListLeadsAsync(RoutedLeadQuery query, CancellationToken cancellationToken);

    /// <summary>One lead; null where the organization has none of that id.</summary>
    [AlwaysInterleave]
    Task<RoutedLead?> GetLeadAsync(Guid id, CancellationToken cancellationToken);
}
