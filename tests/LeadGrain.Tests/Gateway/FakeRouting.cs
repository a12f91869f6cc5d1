using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Tests.Gateway;

/// <summary>Answers ingestions as it is told.</summary>
internal sealed class FakeRouting : IRoutingGrain, IDeliveryProofGrain
{
    internal Keyed<IngestOutcome>? Ingested { get; set; }

    internal PushFate Fate { get; set; } = PushFate.Pending.Value;

    /// <summary>What becomes of a wait for a push, when set.</summary>
    internal Exception? WaitFault { get; set; }

    internal List<IngestCommand> Commands { get; } = [];

    internal List<TimeSpan> Waits { get; } = [];

    /// <summary>Where leads wait, when set.</summary>
    internal TaskCompletionSource? Barrier { get; set; }

    internal SemaphoreSlim Arrived { get; } = new(0);

    public async Task<Keyed<IngestOutcome>> IngestAsync(IngestCommand command, CancellationToken cancellationToken)
    {
        lock (Commands)
        {
            Commands.Add(command);
        }

        Arrived.Release();
        await (Barrier?.Task ?? Task.CompletedTask);
        return Ingested!;
    }

    /// <summary>Where those that wait for a push wait, when set.</summary>
    internal TaskCompletionSource? PushBarrier { get; set; }

    internal SemaphoreSlim PushAwaited { get; } = new(0);

    public async Task<PushFate> AwaitPushAsync(Guid leadId, RuleTarget target, TimeSpan wait, CancellationToken cancellationToken)
    {
        Waits.Add(wait);
        PushAwaited.Release();
        await (PushBarrier?.Task ?? Task.CompletedTask);
        return WaitFault is { } fault ? throw fault : Fate;
    }

    /// <summary>Where proofs are checked, when set.</summary>
    internal TaskCompletionSource? ProofBarrier { get; set; }

    internal SemaphoreSlim ProofArrived { get; } = new(0);

    public async Task<bool> VerifyAsync(Tenant tenant, DeliveryProof proof, CancellationToken cancellationToken)
    {
        ProofArrived.Release();
        await (ProofBarrier?.Task ?? Task.CompletedTask);
        return proof is { Token: "right" } or { Signature: "right" };
    }

    public Task<PoolRouteOutcome> RoutePoolAsync(PoolRouteCommand command, CancellationToken cancellationToken) => throw new NotSupportedException();

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
