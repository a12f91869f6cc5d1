using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Tests.Gateway;

/// <summary>Answers ingestions as it is told.</summary>
internal sealed class FakeRouting : IRoutingGrain
{
    internal Keyed<IngestOutcome>? Ingested { get; set; }

    internal PushFate Fate { get; set; } = PushFate.Pending.Value;

    internal List<IngestCommand> Commands { get; } = [];

    internal List<TimeSpan> Waits { get; } = [];

    public Task<Keyed<IngestOutcome>> IngestAsync(IngestCommand command, CancellationToken cancellationToken)
    {
        Commands.Add(command);
        return Task.FromResult(Ingested!);
    }

    public Task<PushFate> AwaitPushAsync(Guid leadId, RuleTarget target, TimeSpan wait, CancellationToken cancellationToken)
    {
        Waits.Add(wait);
        return Task.FromResult(Fate);
    }

    public Task<bool> VerifyDeliveryAsync(DeliveryProof proof, CancellationToken cancellationToken) => Task.FromResult(proof.Token == "right");

    public Task<RoutePreview> PreviewAsync(NewRoutedLead lead, Guid? leadId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ImmutableArray<RoutingRule>> ListRulesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RuleChange> AddRuleAsync(RuleDefinition definition, Actor actor, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RuleChange> ReplaceRuleAsync(
        Guid id, RuleDefinition definition, DateTimeOffset? basis, Actor actor, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RuleChange> DeleteRuleAsync(Guid id, Actor actor, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<GateSettings> GetGateAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetGateAsync(GateSettings settings, Actor actor, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SuppressionPage> ListSuppressionsAsync(SuppressionQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<int> AddSuppressionsAsync(SuppressionChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<int> RemoveSuppressionsAsync(SuppressionChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RoutedLeadPage> ListLeadsAsync(RoutedLeadQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RoutedLead?> GetLeadAsync(Guid id, CancellationToken cancellationToken) => throw new NotSupportedException();
}
