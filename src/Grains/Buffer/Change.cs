using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Something that the pull pump is to decide beside the pulls, and whoever waits for it.</summary>
internal abstract class Change
{
    /// <param name="missing">Leads that were not served after all, by seq.</param>
    internal abstract void Complete(IReadOnlySet<long> missing);

    internal abstract void Fail(Exception exception);
}

/// <summary>Leases to be settled.</summary>
internal sealed class LeaseChange(LeaseCommand command) : Change
{
    private readonly TaskCompletionSource<Keyed<LeaseOutcomes>> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LeaseCommand Command => command;

    internal LeaseOutcomes Outcomes { get; set; } = null!;

    /// <summary>What is to be served for an acknowledged lease, by the lease's index.</summary>
    internal Dictionary<int, ServedMark> Acknowledged { get; } = [];

    internal Task<Keyed<LeaseOutcomes>> Task => _completion.Task;

    internal override void Complete(IReadOnlySet<long> missing)
    {
        // Its email had been served by another lead: somebody else has it for good.
        var outcomes = missing.Count == 0 ? Outcomes : new LeaseOutcomes(
            [.. Outcomes.Leases.Select((outcome, n) => Acknowledged.TryGetValue(n, out var mark) && missing.Contains(mark.Lead.Seq)
                ? new LeaseOutcome(LeaseFate.NotHeld)
                : outcome)]);
        _completion.TrySetResult(new(KeyUse.First, outcomes));
    }

    internal override void Fail(Exception exception) => _completion.TrySetException(exception);
}

/// <summary>Dead leads to be put back.</summary>
internal sealed class Revival(IReadOnlyList<BuriedLead> leads) : Change
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal IReadOnlyList<BuriedLead> Leads => leads;

    internal Task Task => _completion.Task;

    internal override void Complete(IReadOnlySet<long> missing) => _completion.TrySetResult();

    internal override void Fail(Exception exception) => _completion.TrySetException(exception);
}
