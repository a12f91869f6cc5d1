using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.Tests.Gateway;

/// <summary>A namespace in memory: a queue and a set, leases that never expire, dead leads that are put there.</summary>
internal sealed class FakeNamespace(FakeGrid grid) : INamespaceGrain
{
    private readonly Queue<PulledLead> _waiting = new();
    private readonly HashSet<string> _served = [];
    private readonly HashSet<Guid> _held = [];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _left = NewSignal();
    private TaskCompletionSource _pushed = NewSignal();

    /// <summary>Completed when a waiting pull has been cancelled.</summary>
    internal Task Left => _left.Task;

    internal byte[]? Cursor { get; private set; }

    internal List<PushCommand> Pushes { get; } = [];

    internal List<PullCommand> Pulls { get; } = [];

    internal List<LeaseCommand> Settlements { get; } = [];

    internal List<ImmutableArray<Guid>?> Revivals { get; } = [];

    internal List<DeadLead> Dead { get; } = [];

    /// <summary>What further keyed calls are told of their key.</summary>
    internal KeyUse Use { get; set; }

    /// <summary>What further pulls get instead of leads.</summary>
    internal PullOutcome? Refusal { get; set; }

    /// <summary>What becomes of leases that are held and given back.</summary>
    internal LeaseFate Return { get; set; } = LeaseFate.Returned;

    /// <summary>Makes the next pull that may wait end as cancelled, though nobody cancels it.</summary>
    internal bool CancelsNextWait { get; set; }

    /// <summary>Null where the namespace does not exist.</summary>
    internal bool? Paused { get; set; }

    public async Task<Keyed<PushOutcome>> PushAsync(PushCommand command, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        lock (_lock)
        {
            Pushes.Add(command);
            var fresh = command.Leads.Where(lead => !_served.Contains(EmailKey.Of(lead.Email))).ToList();
            fresh.ForEach(lead => _waiting.Enqueue(new PulledLead(lead, command.Origin, null)));
            _pushed.SetResult();
            _pushed = NewSignal();
            return Keyed(new PushOutcome(fresh.Count, command.Leads.Length - fresh.Count));
        }
    }

    public async Task<Keyed<PullOutcome>> NextAsync(PullCommand command, CancellationToken cancellationToken)
    {
        Task pushed;
        lock (_lock)
        {
            Pulls.Add(command);
            pushed = _pushed.Task;
        }

        await grid.EnterAsync(cancellationToken);
        if (command.Wait > TimeSpan.Zero && CancelsNextWait)
        {
            CancelsNextWait = false;
            throw new OperationCanceledException();
        }

        var taken = Take(command);
        if (taken.IsEmpty && command.Wait > TimeSpan.Zero)
        {
            await Task.WhenAny(pushed, Task.Delay(command.Wait, grid.Time, cancellationToken));
            if (cancellationToken.IsCancellationRequested)
            {
                _left.TrySetResult();
                throw new OperationCanceledException(cancellationToken);
            }

            taken = Take(command);
        }

        return Keyed(Refusal ?? (taken.IsEmpty ? PullOutcome.Empty.Value : new PullOutcome.Served(taken)));
    }

    public async Task<Keyed<LeaseOutcomes>> SettleAsync(LeaseCommand command, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        lock (_lock)
        {
            Settlements.Add(command);
            return Keyed(new LeaseOutcomes([.. command.Leases.Select(lease => Settle(lease, command.Action))]));
        }
    }

    public async Task<DeadLeadPage?> ListDeadAsync(Guid after, int limit, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        var start = Dead.FindIndex(lead => lead.Id == after) + 1;
        return Paused is null ? null : new DeadLeadPage([.. Dead.Skip(start).Take(limit)], start + limit < Dead.Count);
    }

    public async Task<long?> ReviveAsync(ImmutableArray<Guid>? ids, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Revivals.Add(ids);
        return Paused is null ? null : Dead.RemoveAll(lead => ids is null || ids.Value.Contains(lead.Id));
    }

    public async Task<bool> SetPausedAsync(bool paused, Actor actor, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Paused = Paused is null ? null : paused;
        return Paused is not null;
    }

    public async Task<byte[]?> GetCursorAsync(CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        return Cursor;
    }

    public async Task SetCursorAsync(byte[] state, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Cursor = state;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ImmutableArray<PulledLead> Take(PullCommand command)
    {
        var taken = ImmutableArray.CreateBuilder<PulledLead>();
        lock (_lock)
        {
            while (taken.Count < command.Count && Refusal is null && _waiting.TryDequeue(out var next))
            {
                if (_served.Add(EmailKey.Of(next.Lead.Email)))
                {
                    taken.Add(next with { Lease = Lease(command.Lease) });
                }
            }
        }

        return taken.ToImmutable();
    }

    private Lease? Lease(TimeSpan? lease)
    {
        if (lease is null)
        {
            return null;
        }

        var id = Guid.CreateVersion7();
        _held.Add(id);
        return new Lease(id, grid.Time.GetUtcNow() + lease.Value, 1);
    }

    private LeaseOutcome Settle(Guid lease, LeaseAction action) => action switch
    {
        LeaseAction.Extend extend when _held.Contains(lease) => new(LeaseFate.Extended, grid.Time.GetUtcNow() + extend.Lease),
        LeaseAction.Ack when _held.Remove(lease) => new(LeaseFate.Acked),
        LeaseAction.Nack when _held.Remove(lease) => new(Return),
        _ => new(LeaseFate.NotHeld),
    };

    private Keyed<TOutcome> Keyed<TOutcome>(TOutcome outcome)
        where TOutcome : class => new(Use, Use is KeyUse.InProgress or KeyUse.TakenByOther ? null : outcome);
}
