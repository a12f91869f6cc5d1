using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;

namespace LeadGrain.Grains.Buffer;

internal sealed partial class NamespaceGrain
{
    private readonly Queue<Push> _pushes = new();
    private bool _pushing;

    /// <inheritdoc/>
    public Task<PushOutcome> PushAsync(PushCommand command, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (command.Leads.IsEmpty)
        {
            return Task.FromResult(new PushOutcome(0, 0));
        }

        if (_pushes.Count >= options.Value.QueueLimit)
        {
            throw new OverloadedException("Too many pushes wait in this namespace.");
        }

        var push = new Push(command, new TaskCompletionSource<PushOutcome>(TaskCreationOptions.RunContinuationsAsynchronously));
        _pushes.Enqueue(push);
        if (!_pushing)
        {
            _pushing = true;
            _ = ApartFromCaller(PumpPushesAsync);
        }

        return push.Completion.Task;
    }

    private async Task PumpPushesAsync()
    {
        var taken = new List<Push>();
        try
        {
            while (_ended is null && TakePushes(taken))
            {
                await BufferAsync(taken);
            }
        }
#pragma warning disable CA1031 // The loop's edge: whatever failed ends the activation, and the callers are told.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            taken.ForEach(p => p.Completion.TrySetException(exception));
            End(exception);
        }

        _pushing = false;
    }

    private bool TakePushes(List<Push> taken)
    {
        taken.Clear();
        var leads = 0;
        while (_pushes.TryPeek(out var push)
            && ((leads += push.Command.Leads.Length) <= options.Value.CommitLeads || taken.Count == 0))
        {
            taken.Add(_pushes.Dequeue());
        }

        return taken.Count > 0;
    }

    private async Task BufferAsync(List<Push> pushes)
    {
        var claimed = await ClaimOrCreateAsync();
        var served = await FindServedAsync(claimed, pushes);
        var leads = new List<WaitingLead>();
        var outcomes = new List<PushOutcome>();
        var seq = _lastSeq;
        foreach (var (origin, newLeads) in pushes.Select(p => p.Command))
        {
            var before = leads.Count;
            var originId = await OriginIdAsync(claimed, origin);
            leads.AddRange(newLeads
                .Where(lead => !served.Contains(EmailKey.Of(lead.Email)))
                .Select(lead => new WaitingLead(++seq, originId, origin, lead)));
            var buffered = leads.Count - before;
            outcomes.Add(new PushOutcome(buffered, newLeads.Length - buffered));
        }

        if (leads.Count > 0 && !await commits.Pushes.CommitAsync(new PushWrite(claimed.Id, claimed.Epoch, leads)))
        {
            throw Fenced();
        }

        Append(leads);
        for (var i = 0; i < pushes.Count; i++)
        {
            metrics.Pushed(outcomes[i]);
            pushes[i].Completion.TrySetResult(outcomes[i]);
        }
    }

    private void Append(List<WaitingLead> leads)
    {
        if (_window.ReadThrough == _lastSeq)
        {
            _window.Fill(leads);
        }

        _lastSeq += leads.Count;
    }

    private async Task<IReadOnlySet<string>> FindServedAsync(ClaimedNamespace claimed, List<Push> pushes)
        => _served == 0
            ? new HashSet<string>()
            : await store.FindServedAsync(
                claimed.Id, [.. pushes.SelectMany(p => p.Command.Leads).Select(lead => EmailKey.Of(lead.Email)).Distinct()]);

    private async Task<long> OriginIdAsync(ClaimedNamespace claimed, LeadOrigin origin)
    {
        if (_origins.IdOf(origin) is { } known)
        {
            return known;
        }

        var id = await store.FindOrAddOriginAsync(claimed.Id, claimed.Epoch, origin) ?? throw Fenced();
        _origins.Add(id, origin);
        return id;
    }

    private readonly record struct Push(PushCommand Command, TaskCompletionSource<PushOutcome> Completion);
}
