using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;

namespace LeadGrain.Grains.Buffer;

/// <summary>Pushes: one pump takes all that wait and commits them together.</summary>
internal sealed partial class NamespaceGrain
{
    private static readonly HashSet<string> s_none = [];

    private readonly Queue<Push> _pushes = new();
    private bool _pushing;

    /// <inheritdoc/>
    public async Task<Keyed<PushOutcome>> PushAsync(PushCommand command, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        if (command.Key is not { } key)
        {
            return new(KeyUse.First, command.Leads.IsEmpty ? new PushOutcome(0, 0) : await BufferAsync(command));
        }

        await ClaimOrCreateAsync();
        return await AnswerOnceAsync(KeyedRoute.Push, key, async _ => new(KeyUse.First, await BufferAsync(command)), ReplayPushAsync);
    }

    private Task<PushOutcome> BufferAsync(PushCommand command)
    {
        ThrowIfEnded();

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
                await CommitAsync(taken);
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

    private async Task CommitAsync(List<Push> pushes)
    {
        var claimed = await ClaimOrCreateAsync();
        var served = await FindServedAsync(claimed, pushes.SelectMany(push => push.Command.Leads).Select(lead => EmailKey.Of(lead.Email)));
        var (leads, answers) = (new List<WaitingLead>(), new List<KeptAnswer>());
        var outcomes = new List<PushOutcome>();
        foreach (var (origin, newLeads, key) in pushes.Select(p => p.Command))
        {
            var before = leads.Count;
            var originId = await OriginIdAsync(claimed, origin);
            foreach (var lead in newLeads)
            {
                if (served.Count == 0 || !served.Contains(EmailKey.Of(lead.Email)))
                {
                    leads.Add(new WaitingLead(_lastSeq + leads.Count + 1, originId, origin, lead));
                }
            }

            var buffered = leads.Count - before;
            outcomes.Add(new PushOutcome(buffered, newLeads.Length - buffered));
            if (key is not null)
            {
                answers.Add(new KeptAnswer(
                    KeyedRoute.Push, key, JsonSerializer.SerializeToUtf8Bytes(outcomes[^1], KeptAnswers.Default.PushOutcome)));
            }
        }

        var write = new PushWrite(claimed.OrganizationId, claimed.Id, claimed.Epoch, leads, answers);
        if (leads.Count + answers.Count > 0 && !await commits.PushAsync(write))
        {
            throw Fenced();
        }

        Append(leads);
        for (var i = 0; i < pushes.Count; i++)
        {
            metrics.Pushed(outcomes[i]);
            pushes[i].Completion.TrySetResult(outcomes[i]);
        }

        NoteHandled(leads.Count);
    }

    private void Append(List<WaitingLead> leads)
    {
        if (_window.ReadThrough == _lastSeq && waiting.Left > 0)
        {
            _window.Fill(leads, waiting.Left);
        }

        foreach (var lead in leads)
        {
            if (lead.Lead.Priority != 0)
            {
                _held.Add(new HeldLead(lead, new HeldState(0)));
            }
        }

        waiting.Report();
        _lastSeq += leads.Count;
        if (_waiters.Count > 0)
        {
            Pump();
        }
    }

    /// <summary>Which of these email keys were served before: the served set names the suspects, the database convicts.</summary>
    private async Task<IReadOnlySet<string>> FindServedAsync(ClaimedNamespace claimed, IEnumerable<string> keys)
    {
        if (_served == 0)
        {
            return s_none;
        }

        var suspects = keys.Where(key => !_servedSet.IsComplete || _servedSet.Contains(ServedSet.Hash(key))).ToHashSet(StringComparer.Ordinal);
        return suspects.Count > 0 ? await store.FindServedAsync(claimed, [.. suspects]) : s_none;
    }

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
