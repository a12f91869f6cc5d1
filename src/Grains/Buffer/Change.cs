using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Something that the pull pump is to decide beside the pulls, and whoever waits for it.</summary>
internal abstract class Change
{
    internal abstract void Complete();

    internal abstract void Fail(Exception exception);
}

/// <summary>Leases to be settled.</summary>
internal sealed class LeaseChange(LeaseCommand command) : Change
{
    private readonly TaskCompletionSource<Keyed<LeaseOutcomes>> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LeaseCommand Command => command;

    internal LeaseOutcomes? Outcomes { get; set; }

    internal Task<Keyed<LeaseOutcomes>> Task => _completion.Task;

    internal override void Complete() => _completion.TrySetResult(new(KeyUse.First, Outcomes));

    internal override void Fail(Exception exception) => _completion.TrySetException(exception);
}

/// <summary>Dead leads to be put back.</summary>
internal sealed class Revival(IReadOnlyList<BuriedLead> leads) : Change
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal IReadOnlyList<BuriedLead> Leads => leads;

    internal Task Task => _completion.Task;

    internal override void Complete() => _completion.TrySetResult();

    internal override void Fail(Exception exception) => _completion.TrySetException(exception);
}
